import { join } from "node:path";
import type { Inspection } from "../inspection/inspect.ts";
import type { DictionaryModel } from "../model/model.ts";
import type { RowSource } from "../rows/source.ts";
import type { OutputClaim, OutputOrigin } from "../use/output_claim.ts";
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
  const origin = await originOf("inspect --html", model, source.files);
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
