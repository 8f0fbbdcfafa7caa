import type { Endpoint } from "../explaining/endpoint.ts";
import type { Gathered } from "../explaining/gather.ts";
import type { NamePlan } from "../explaining/plan.ts";
import type { TextColumn } from "../inspection/row_texts.ts";
import type { RowSource } from "../rows/source.ts";
import type { NamedDictionary } from "../use/named_dictionary.ts";
import {
  type AskedDocument,
  namedDocument,
  plannedDocument,
} from "./naming_document.ts";
import { namingText, planText } from "./naming_text.ts";
import { followed, type Session } from "./session.ts";
import { counted } from "../text.ts";

/** How a language model is asked. */
export type NamingFlags = {
  maxRequests: number;
  rate: number;
  atOnce: number;
  maxTokens: number;
  timeout: number;
  yes?: true;
};

/** What is to be named, by whom, and from what. */
export interface NamingJob {
  directory: string;
  named: NamedDictionary;
  source: RowSource;
  column: TextColumn;
  gathered: Gathered;
  plan: NamePlan;
  endpoint: Endpoint;
  explainer: string;
}

/**
 * Says what would be sent where; with `--yes` sends it, and saves the names that come of it.
 *
 * @param job what is to be named
 * @param flags how
 * @param session who follows it
 */
export async function carryOut(
  job: NamingJob,
  flags: NamingFlags,
  session: Session,
): Promise<void> {
  const { directory, plan, endpoint, explainer } = job;
  const { PROMPT_VERSION } = await import("../explaining/prompts.ts");
  const about = {
    ...{ model: directory, host: endpoint.host, explainModel: explainer },
    ...{ prompt: PROMPT_VERSION, by: job.gathered.by },
  };
  const said = planText(plan, endpoint.host, flags.maxRequests);
  if (plan.latents.length > 0 && flags.yes) {
    session.say("warn", said);
    return await ask(job, about, flags, session);
  }
  session.print(
    plannedDocument(about, plan),
    () =>
      plan.latents.length === 0
        ? said
        : `${said}; nothing was sent: --yes sends it`,
  );
}

async function ask(
  job: NamingJob,
  about: AskedDocument,
  flags: NamingFlags,
  session: Session,
): Promise<void> {
  const { directory, named, plan: { latents, leftAlone }, explainer } = job;
  const [{ Chat }, { nameLatents }, { NameKeeper }] = await Promise.all([
    import("../explaining/chat.ts"),
    import("../explaining/explain.ts"),
    import("../explaining/keep_names.ts"),
  ]);
  const keeper = new NameKeeper(named, explainer);
  const { maxRequests, rate, maxTokens, timeout, atOnce } = flags;
  const { signal, onNotice } = followed(session);
  const chat = new Chat(job.endpoint, {
    ...{ model: explainer, maxRequests, rate, maxTokens, signal, onNotice },
    timeoutMs: 1000 * timeout,
  });
  const follow = (done: number) =>
    session.progress.update({
      ...{ phase: "naming", done, total: latents.length, unit: "names" },
    });
  follow(0);
  const { source, column, gathered } = job;
  try {
    const naming = await nameLatents(latents, gathered, source, column, chat, {
      ...{ atOnce, signal, onProgress: follow },
      onName: (name) => keeper.add(name),
    });
    await keeper.save();
    if (named.notice !== undefined) session.say("warn", named.notice);
    const { requests, texts, tokens, cut } = chat;
    const spent = { requests, texts, tokens, cut };
    session.print(
      namedDocument(about, naming, { leftAlone, ...spent }),
      () => namingText(about, naming, { ...spent, maxRequests }),
    );
  } catch (error) {
    await keeper.save();
    if (named.notice !== undefined) session.say("warn", named.notice);
    if (keeper.saved > 0) {
      const names = counted(keeper.saved, "name");
      const what = `${names} saved in ${directory}/labels.json`;
      if (signal?.aborted) session.saves(what);
      else session.say("warn", `${what}; the same command goes on`);
    }
    throw error;
  }
}
