import { labelTexts } from "../../labels/label.ts";
import { basename, join } from "node:path";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { DictionaryModel } from "../../model/model.ts";
import type { OutputClaim, OutputOrigin } from "../../use/output_claim.ts";
import type { RowSource } from "../../rows/source.ts";
import type { Inspection } from "../../inspection/inspect.ts";
import { describe } from "../command.ts";
import {
  addDeviceOption,
  type DeviceOption,
  engineChoice,
} from "../device_option.ts";
import { addRowOptions, type RowOptions } from "../inputs.ts";
import { atomPage, atomTable, hitTable, rowPage } from "../inspection_text.ts";
import { addCoderOptions, coderChanges } from "../coder_options.ts";
import type { CoderChanges } from "../../use/coder_changes.ts";
import type { Io } from "../io.ts";
import { assignment, wholeNumber } from "../options.ts";
import { inputsOrTraining } from "../training_rows.ts";
import { conduct, followed, type Session } from "../session.ts";

type InspectFlags = DeviceOption & RowOptions & CoderChanges & {
  text?: string;
  atom?: number;
  row?: number;
  search?: string;
  label?: Record<string, string>;
  html?: string;
  overwrite?: true;
  serve?: number | true;
  top: number;
  nearest: number;
  limit: number;
};

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
      "dbksvd inspect dbksvd-model --text word --html atoms.html",
      "dbksvd inspect dbksvd-model --text word --serve",
      "dbksvd inspect dbksvd-model --label 17=music --label 40=weekdays",
    ],
  )
    .argument("<model>", "a model directory")
    .argument("[input...]", "files, directories, globs or http(s) URLs")
    .option("--text <column>", "the column with a text for every row")
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
    .option("--nearest <count>", "nearest atoms told", wholeNumber(0), 10)
    .option("--limit <count>", "atoms shown in the table", wholeNumber(), 20);
  return addDeviceOption(addCoderOptions(addRowOptions(command)))
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
  const [{ loadDictionary }, { withCoder }] = await Promise.all([
    import("../../use/models.ts"),
    import("../../use/coder_changes.ts"),
  ]);
  const model = withCoder(await loadDictionary(directory), coderChanges(flags));
  const source = await inputsOrTraining(directory, inputs, flags, session);
  let page: Page | undefined;
  try {
    if (flags.html !== undefined) {
      await requireOwnPlace(flags.html, directory, source);
      page = await claimPage(flags.html, model, source, flags, session);
    }
    if (flags.row !== undefined) {
      return await showRow(model, source, flags.row, flags, session);
    }
    const { inspect } = await import("../../inspection/inspect.ts");
    const inspection = await inspect(model, source, {
      ...followed(session),
      name: basename(directory),
      ...engineChoice(flags),
      text: flags.text,
      topRows: flags.top,
      nearest: flags.nearest,
    });
    await show(directory, inspection, flags, session, page);
  } finally {
    await page?.claim.release();
    await source.close();
  }
}

// The page may lie in the model's directory, and take the report's place if that is wanted, but no other file's.
async function requireOwnPlace(
  html: string,
  directory: string,
  source: RowSource,
): Promise<void> {
  const [{ requireApart }, { MODEL_FILES }] = await Promise.all([
    import("../../use/output_guard.ts"),
    import("../../model/directory.ts"),
  ]);
  const { report: _ours, ...files } = MODEL_FILES;
  await requireApart(html, [
    ...source.files.map(({ path }) => path),
    ...Object.values(files).map((file) => join(directory, file)),
  ]);
}

/** The page to write, and what makes it. */
interface Page {
  claim: OutputClaim;
  origin: OutputOrigin;
}

async function claimPage(
  html: string,
  model: DictionaryModel,
  source: RowSource,
  { overwrite }: InspectFlags,
  session: Session,
): Promise<Page> {
  const { claimOutput, originOf, pageOrigin } = await import(
    "../../use/output_claim.ts"
  );
  const origin = await originOf("inspect --html", model, source.files);
  const claim = await claimOutput(html, origin, {
    overwrite,
    read: pageOrigin,
    onNotice: (notice) => session.say("info", notice),
  });
  return { claim, origin };
}

async function showRow(
  model: DictionaryModel,
  source: RowSource,
  row: number,
  { text, ...flags }: InspectFlags,
  session: Session,
): Promise<void> {
  const { describeRow } = await import("../../inspection/describe.ts");
  const { signal } = session;
  const described = await describeRow(model, source, row, {
    ...engineChoice(flags),
    text,
    signal,
  });
  session.print(described, () => rowPage(described));
}

async function show(
  directory: string,
  inspection: Inspection,
  flags: InspectFlags,
  session: Session,
  page: Page | undefined,
): Promise<void> {
  const { print } = session;
  const [{ describeAtom, searchAtoms }, { coderInWords }] = await Promise.all([
    import("../../inspection/describe.ts"),
    import("../../model/coder.ts"),
  ]);
  if (flags.atom !== undefined) {
    const atom = describeAtom(inspection, flags.atom);
    return print(atom, () => atomPage(atom));
  }
  if (flags.search !== undefined) {
    const hits = searchAtoms(inspection, flags.search);
    return print({ hits }, () => hitTable(hits.slice(0, flags.limit)));
  }
  const html = flags.html;
  if (page !== undefined) await writeBrowser(page, inspection);
  if (flags.serve !== undefined) {
    return await serve(directory, inspection, flags.serve, session);
  }
  const atoms = Array.from(
    { length: inspection.atoms },
    (_, atom) => describeAtom(inspection, atom),
  );
  const coder = coderInWords(inspection);
  print(
    { model: directory, rows: inspection.rows, coder, html, atoms },
    () =>
      html === undefined
        ? `Coded by ${coder}\n${atomTable(atoms, inspection.rows, flags.limit)}`
        : `The atoms, coded by ${coder}, are in ${html}: open it in a browser`,
  );
}

async function writeBrowser(
  { claim, origin }: Page,
  inspection: Inspection,
): Promise<void> {
  const [{ renderBrowser }, { writeFileAtomically }, { withOrigin }] =
    await Promise.all([
      import("../../report/browser.ts"),
      import("../../files/atomic.ts"),
      import("../../use/output_claim.ts"),
    ]);
  const html = withOrigin(renderBrowser(inspection), origin);
  await writeFileAtomically(claim.path, [new TextEncoder().encode(html)]);
}

async function serve(
  directory: string,
  inspection: Inspection,
  port: number | true,
  { print, signal }: Session,
): Promise<void> {
  const { serveBrowser } = await import("../../report/serve.ts");
  await serveBrowser(inspection, {
    port: port === true ? 0 : port,
    signal,
    onListen: (url) =>
      print(
        { model: directory, rows: inspection.rows, url },
        () => `The atoms are at ${url}; Ctrl+C ends it`,
      ),
  });
}
