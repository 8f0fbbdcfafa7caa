import { labelTexts } from "../../labels/label.ts";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Inspection } from "../../inspection/inspect.ts";
import {
  cacheFolder,
  type Look,
  looked,
  type LookOptions,
  prepareLook,
} from "../inspecting.ts";
import {
  claimPage,
  type Page,
  requireOwnPlace,
  serveBrowserOf,
  writeBrowser,
} from "../inspection_page.ts";
import { describe } from "../command.ts";
import { addDeviceOption, type DeviceOption } from "../device_option.ts";
import { DbksvdError } from "../../errors.ts";
import { addRowOptions, INPUTS_IN_WORDS, type RowOptions } from "../inputs.ts";
import { atomPage, atomTable, hitTable, rowPage } from "../inspection_text.ts";
import {
  addCoderOptions,
  coderChanges,
  readingAsked,
} from "../coder_options.ts";
import type { CoderChanges } from "../../use/coder_changes.ts";
import type { Io } from "../io.ts";
import { assignment, wholeNumber } from "../options.ts";
import { inputsOrTraining } from "../training_rows.ts";
import { addPictureOptions, pictureCounts } from "../pictures.ts";
import { conduct, type Session } from "../session.ts";
import { addUnembedOptions } from "../token_logits.ts";

type InspectFlags = DeviceOption & RowOptions & CoderChanges & LookOptions & {
  atom?: number;
  row?: number;
  search?: string;
  label?: Record<string, string>;
  html?: string;
  overwrite?: true;
  serve?: number | true;
  readOnly?: true;
  forget?: true;
  limit?: number;
};

/** Atoms of the table where --limit does not say. */
const ATOMS_SHOWN = 20;

/** `inspect MODEL [INPUT…]`: the atoms, and the rows that use them. */
export function inspectCommand(io: Io): CommandUnknownOpts {
  const command = describe(
    "inspect",
    "look at the atoms; without inputs, on the rows of the training",
    [
      "dbksvd inspect dbksvd-model --text word",
      "dbksvd inspect dbksvd-model --text word --atom 17",
      "dbksvd inspect dbksvd-model --text word --search music",
      "dbksvd inspect dbksvd-model fresh.parquet --row 3",
      "dbksvd inspect dbksvd-model --atom 17 --unembed pythia/ --fold-norm",
      "dbksvd inspect dbksvd-model --text word --html atoms.html",
      "dbksvd inspect dbksvd-model --image path --html atoms.html",
      "dbksvd inspect dbksvd-model --text word --serve",
      "dbksvd inspect dbksvd-model --label 17=music --label 40=weekdays",
    ],
  )
    .argument("<model>", "a model directory")
    .argument("[input...]", INPUTS_IN_WORDS)
    .option(
      "--text <column>",
      "the column with a text for every row (default: the one that is there)",
    )
    .addOption(
      new Option(
        "--by <reading>",
        "what a row uses atoms by: its largest activations (the default), or its code (that of --row)",
      ).choices(["code", "activation"] as const),
    )
    .option("--atom <number>", "one atom", wholeNumber(0))
    .option(
      "--row <number>",
      "one row, as its atoms make it up",
      wholeNumber(0),
    )
    .option("--search <words>", "atoms by label, or by their rows' texts")
    .option("--label <atom=name>", "name an atom, to be kept", assignment)
    .option("--html <file>", "write the atom browser, one file for any browser")
    .option("--overwrite", "replace whatever --html names")
    .option(
      "--serve [port]",
      "serve the atom browser to this machine, until stopped",
      wholeNumber(0),
    )
    .option("--top <count>", "rows kept for every atom", wholeNumber(), 20)
    .option("--nearest <count>", "nearest atoms shown", wholeNumber(0), 10)
    .option(
      "--limit <count>",
      "atoms shown in the table (20), or of --json (all)",
      wholeNumber(),
    )
    .option(
      "--tokens <file>",
      "tokenizer.json, or a list: what a column of token ids stands for",
    )
    .option(
      "--codes <file>",
      "what encode wrote of these rows, not to code them again",
    )
    .option("--no-keep", "keep nothing of this look for the next one")
    .option("--forget", "remove what is kept of earlier looks")
    .option("--read-only", "names cannot be changed in the served browser");
  const looking = addPictureOptions(addUnembedOptions(command));
  return addDeviceOption(addCoderOptions(addRowOptions(looking)))
    .action((model, inputs, flags, self) =>
      conduct(
        io,
        self,
        (session) => inspectModel(model, inputs, flags, session),
      )
    );
}

async function inspectModel(
  directory: string,
  inputs: readonly string[],
  flags: InspectFlags,
  session: Session,
): Promise<void> {
  if (flags.forget) return await forgetLook(directory, session);
  if (flags.label !== undefined) {
    const { labelAtoms } = await import("../../use/labels.ts");
    const labels = await labelAtoms(directory, flags.label);
    return session.print(
      { model: directory, labels },
      () =>
        Object.entries(labelTexts(labels)).map((pair) => pair.join(" "))
          .join("\n") ||
        "No atom has a label",
    );
  }
  const by = readingAsked(flags, flags.by, "--by activation");
  const [{ loadDictionary }, { withCoder }] = await Promise.all([
    import("../../use/models.ts"),
    import("../../use/coder_changes.ts"),
  ]);
  requireOneLook(flags);
  const model = withCoder(await loadDictionary(directory), coderChanges(flags));
  const source = await inputsOrTraining(directory, inputs, flags, session);
  let page: Page | undefined;
  try {
    if (flags.html !== undefined) {
      await requireOwnPlace(flags.html, directory, source);
      page = await claimPage(flags.html, model, source, flags, session);
    }
    const asked = { ...flags, ...(by && { by }) };
    const look = await prepareLook(directory, model, source, asked, session);
    const row = rowAsked(flags);
    if (row !== undefined) {
      return await showRow(directory, look, row, session);
    }
    if (flags.serve !== undefined) {
      return await serveBrowserOf(directory, look, flags, session);
    }
    const inspection = await looked(look, session);
    await show(directory, inspection, flags, session, page);
  } finally {
    await page?.claim.release();
    await source.close();
  }
}

async function forgetLook(directory: string, session: Session): Promise<void> {
  const { forget, keptPlace } = await import("../../inspection/kept.ts");
  const place = await keptPlace(directory, cacheFolder(session));
  const forgotten = place !== undefined && await forget(place);
  session.print(
    { model: directory, forgotten },
    () => forgotten ? `Removed ${place}` : "Nothing was kept",
  );
}

// One look tells of one thing.
function requireOneLook({ atom, row, search }: InspectFlags): void {
  if (search?.trim() === "") {
    throw new DbksvdError("usage", "--search is empty", {
      mend: "give words, or a row: --search row:3",
    });
  }
  const asked = Object.entries({ atom, row, search })
    .flatMap(([name, value]) => value === undefined ? [] : [`--${name}`]);
  if (asked.length < 2) return;
  throw new DbksvdError("usage", `${asked.join(" and ")} ask for two looks`, {
    mend: "give one of them",
  });
}

// `--row 3`, or a search by example: `--search row:3`.
function rowAsked({ row, search }: InspectFlags): number | undefined {
  const example = /^row:(\d+)$/.exec(search?.trim() ?? "")?.[1];
  return row ?? (example === undefined ? undefined : Number(example));
}

async function showRow(
  directory: string,
  look: Look,
  row: number,
  session: Session,
): Promise<void> {
  const { describeRow } = await import("../../inspection/describe_row.ts");
  const { model, source, options } = look;
  const { by, text, tokens, device, threads, blas, signal } = options;
  const described = await describeRow(model, source, row, {
    ...{ device, threads, blas },
    signal,
    by,
    tokens,
    text,
  });
  const { wordsOf } = await import("../inspection_text.ts");
  const words = text === undefined
    ? () => ""
    : wordsOf(await looked(look, session));
  session.print(
    { model: directory, ...described },
    () => rowPage(described, words),
  );
}

async function show(
  directory: string,
  inspection: Inspection,
  flags: InspectFlags,
  { print }: Session,
  page: Page | undefined,
): Promise<void> {
  const [{ describeAtom }, { searchAtoms }] = await Promise.all([
    import("../../inspection/describe.ts"),
    import("../../inspection/search.ts"),
  ]);
  if (flags.atom !== undefined) {
    const atom = describeAtom(inspection, flags.atom);
    const { unembedding } = inspection.logits ?? {};
    return print(
      { model: directory, ...atom, ...unembedding && { unembedding } },
      () => atomPage(atom, unembedding),
    );
  }
  if (flags.search !== undefined) {
    const hits = searchAtoms(inspection, flags.search).slice(0, flags.limit);
    return print(
      { model: directory, by: inspection.by, hits },
      () => hitTable(hits.slice(0, flags.limit ?? ATOMS_SHOWN)),
    );
  }
  const html = flags.html;
  if (page !== undefined) await writeBrowser(page, inspection);
  const atoms = Array.from(
    { length: inspection.atoms },
    (_, atom) => describeAtom(inspection, atom),
  );
  const { by, coder } = inspection;
  print(
    {
      model: directory,
      rows: inspection.rows,
      ...{ by, coder },
      html,
      unembedding: inspection.logits?.unembedding,
      pictures: inspection.pictures && pictureCounts(inspection.pictures),
      atoms: flags.limit === undefined
        ? atoms
        : atoms.toSorted((a, b) => b.uses - a.uses).slice(0, flags.limit),
    },
    () =>
      html === undefined
        ? `By ${by}: ${coder}\n${
          atomTable(atoms, inspection.rows, flags.limit ?? ATOMS_SHOWN)
        }`
        : `The atoms, by ${by} (${coder}), are in ${html}: open it in a browser`,
  );
}
