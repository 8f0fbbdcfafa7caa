import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Shared, ShareOptions, SharePlan } from "../../sharing/share.ts";
import { describe, needed } from "../command.ts";
import type { Io } from "../io.ts";
import { wholeNumber } from "../options.ts";
import { conduct, type Session } from "../session.ts";
import { count, counted, table } from "../../text.ts";

interface ShareFlags {
  repo?: string;
  yes?: true;
  public?: true;
  export?: string[] | false;
  withReport?: true;
  page?: string[];
  card?: string;
  baseModel?: string;
  dataset?: string[];
  license?: string;
  tag?: string[];
  hookName?: string;
  layer?: number;
}

/** `share MODEL --repo USER/NAME`: a model for others, on the hub. */
export function shareCommand(io: Io): CommandUnknownOpts {
  return describe(
    "share",
    "put a model on the Hugging Face hub; without --yes, show what would go there",
    [
      "dbksvd share dbksvd-model --repo me/words",
      "dbksvd share dbksvd-model --repo me/words --license mit --base-model openai-community/gpt2 --yes",
      "dbksvd share dbksvd-model --repo me/words --public --with-report --page atoms.html --yes",
    ],
  )
    .argument("<model>", "a model directory")
    .option("--repo <name>", "the repository, as USER/NAME")
    .option("--yes", "send it; HF_TOKEN has to be set")
    .option("--public", "for all to see (default: a private repository)")
    .option(
      "--export <dir...>",
      "directories that export wrote (default: saelens-mp, made for it)",
    )
    .option("--no-export", "no export")
    .option("--with-report", "the report too")
    .option("--page <file...>", "pages of inspect --html, which show texts")
    .optionsGroup("The model card:")
    .option("--license <id>", "the licence, as mit or cc-by-4.0")
    .option(
      "--base-model <id>",
      "whose activations the rows are, as OWNER/NAME",
    )
    .option("--dataset <id...>", "where the rows are from, as OWNER/NAME")
    .option("--tag <tag...>", "further tags")
    .option("--card <file>", "your own card, in place of the one made")
    .optionsGroup("Names for the export:")
    .option("--hook-name <name>", "where in the model the rows were taken")
    .option("--layer <number>", "its layer", wholeNumber(0))
    .action((model, flags, self) =>
      conduct(
        io,
        self,
        (session) => shareModel(model, flags as ShareFlags, session),
      )
    );
}

async function shareModel(
  directory: string,
  flags: ShareFlags,
  session: Session,
): Promise<void> {
  const repository = needed(flags.repo, "--repo");
  if (!flags.yes) await Deno.permissions.revoke({ name: "net" });
  const { Sharing } = await import("../../sharing/share.ts");
  const sharing = await Sharing.of(directory, optionsOf(repository, flags));
  const { plan } = sharing;
  if (!flags.yes) {
    session.print(
      { model: directory, sent: false, ...plan },
      () => describePlan(plan, flags),
    );
    return;
  }
  session.saves(
    "what the hub has stored is not sent again; the same command goes on",
  );
  const shared = await sharing.send({
    signal: session.signal,
    onNotice: (notice) => session.say("info", notice),
    onProgress: (progress) =>
      session.progress.update({ ...progress, unit: "bytes" }),
  });
  session.print(
    { model: directory, sent: true, ...plan, ...shared },
    () => describeShared(plan, shared),
  );
}

function optionsOf(repository: string, flags: ShareFlags): ShareOptions {
  const { baseModel, hookName, layer, license, card } = flags;
  return {
    repository,
    ...{ public: flags.public, report: flags.withReport, pages: flags.page },
    ...{ baseModel, datasets: flags.dataset, license, tags: flags.tag, card },
    exports: flags.export === false ? [] : flags.export,
    names: { modelName: baseModel, hookName, layer },
  };
}

function describePlan(plan: SharePlan, { license }: ShareFlags): string {
  const { url, files, card } = plan;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `Would send ${counted(files.length, "file")}, ${
      count(bytes)
    } bytes, to ${url} (${plan.public ? "public" : "private"})`,
    table(
      ["file", "bytes"],
      files.map((file) => [file.path, count(file.bytes)]),
    ),
    "",
    card.trimEnd(),
    "",
    ...license === undefined && !/^license:/m.test(card)
      ? ["No licence is named: --license says what others may do with it"]
      : [],
    "Nothing was sent: --yes sends it",
  ].join("\n");
}

function describeShared(plan: SharePlan, shared: Shared): string {
  const { url, commitUrl, created, sentBytes } = shared;
  return [
    `${created ? "Made" : "Updated"} ${url} (${
      shared.public ? "public" : "private"
    }): ${counted(plan.files.length, "file")}, ${
      count(sentBytes)
    } bytes sent to its storage`,
    `Commit ${commitUrl}`,
  ].join("\n");
}
