import { join } from "node:path";
import type { Inspection } from "../inspection/inspect.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import { count } from "../text.ts";
import type { OutputClaim, OutputOrigin } from "../use/output_claim.ts";
import { type Look, looked } from "./inspecting.ts";
import type { Session } from "./session.ts";

/** The page to write, and what makes it. */
export interface Page {
  claim: OutputClaim;
  origin: OutputOrigin;
}

/** Claims the page that `--html` names: what is there is replaced only where the same command made it. */
export async function claimPage(
  html: string,
  model: DictionaryModel,
  source: RowSource,
  { overwrite }: { overwrite?: true },
  session: Session,
): Promise<Page> {
  const { claimOutput, originOf, pageOrigin } = await import(
    "../use/output_claim.ts"
  );
  const origin = await originOf("inspect --html", model, source);
  const claim = await claimOutput(html, origin, {
    overwrite,
    read: pageOrigin,
    onNotice: (notice) => session.say("info", notice),
  });
  return { claim, origin };
}

/** The page may lie in the model's directory, and take the report's place if that is wanted, but no other file's. */
export async function requireOwnPlace(
  html: string,
  directory: string,
  source: RowSource,
): Promise<void> {
  const [{ requireApart }, { MODEL_FILES }] = await Promise.all([
    import("../use/output_guard.ts"),
    import("../model/directory.ts"),
  ]);
  const { report: _ours, ...files } = MODEL_FILES;
  await requireApart(html, [
    ...source.files.map(({ path }) => path),
    ...Object.values(files).map((file) => join(directory, file)),
  ]);
}

/** Writes the atom browser. */
export async function writeBrowser(
  { claim, origin }: Page,
  inspection: Inspection,
): Promise<void> {
  const [{ renderBrowser }, { writeFileAtomically }, { withOrigin }] =
    await Promise.all([
      import("../report/browser.ts"),
      import("../files/atomic.ts"),
      import("../use/output_claim.ts"),
    ]);
  const html = withOrigin(renderBrowser(inspection), origin);
  await writeFileAtomically(claim.path, [new TextEncoder().encode(html)]);
}

/** Serves the atom browser. The address answers before the rows are coded; Ctrl-C then ends it all. */
export async function serveBrowserOf(
  directory: string,
  look: Look,
  { serve: port, readOnly }: { serve?: number | true; readOnly?: true },
  session: Session,
): Promise<void> {
  const [{ serveBrowser }, { labelStore }, { isModelDirectory }] = await Promise
    .all([
      import("../report/serve.ts"),
      import("../use/label_store.ts"),
      import("../model/directory.ts"),
    ]);
  const { print, signal } = session;
  // Atoms of another tool's model have no file of names.
  const named = !readOnly && await isModelDirectory(directory);
  const { onProgress } = look.options;
  let progress = "";
  look.options.onProgress = (state) => {
    const { rows, total, phase } = state;
    const done = phase === "pictures" ? "have their picture" : "are coded";
    progress = `${count(rows)} of ${count(total)} rows ${done}`;
    onProgress?.(state);
  };
  let listening = (_: unknown) => {};
  const started = new Promise((resolve) => listening = resolve);
  await serveBrowser(started.then(() => looked(look, session)), {
    port: typeof port === "number" ? port : 0,
    signal,
    progress: () => progress,
    labels: named ? await labelStore(directory) : undefined,
    onListen: (url) => {
      print(
        { model: directory, url },
        () => `The atoms are at ${url}; Ctrl+C ends it`,
      );
      listening(undefined);
    },
  });
}
