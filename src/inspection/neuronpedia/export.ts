import { join } from "node:path";
import { DbksvdError } from "../../errors.ts";
import {
  temporarySibling,
  writeDirectoryAtomically,
} from "../../files/atomic.ts";
import { mostNonzeros } from "../../model/coder.ts";
import type { DictionaryModel } from "../../model/model.ts";
import type { RowSource } from "../../rows/source.ts";
import { claimOutput, originIn, originOf } from "../../use/output_claim.ts";
import { requireReplaceable } from "../../use/output_directory.ts";
import { requireApart } from "../../use/output_guard.ts";
import { CodeSpool } from "./code_spool.ts";
import {
  Dashboards,
  type NeuronpediaOptions,
  type NeuronpediaResult,
} from "./dashboards.ts";
import { gatherFigures } from "./gather.ts";

export type { NeuronpediaOptions, NeuronpediaResult } from "./dashboards.ts";

/**
 * Writes what atoms are used by as the JSON that SAEDashboard makes for Neuronpedia: `batch-0.json`, … of 128 features
 * each, and `skipped_indexes.json`. Rows are coded once; memory is bounded by atoms, codes are spooled beside the
 * output.
 *
 * @param model the dictionary
 * @param source rows with texts
 * @param options the directory, names, where the texts are, an unembedding
 * @throws {DbksvdError} `usage` where the texts are not by token and rows are, or the directory holds anything but
 * earlier dashboards of the same model and inputs
 */
export async function exportNeuronpedia(
  model: DictionaryModel,
  source: RowSource,
  options: NeuronpediaOptions,
): Promise<NeuronpediaResult> {
  const { out, overwrite } = options;
  requireDictionary(model);
  await requireReplaceable(out);
  await requireApart(out, source.files.map(({ path }) => path));
  const origin = await originOf("export neuronpedia", model, source);
  const claim = await claimOutput(out, origin, {
    ...{ overwrite, isDirectory: true, read: originIn },
    onNotice: options.onNotice,
  });
  const work = temporarySibling(claim.path);
  try {
    if (!overwrite) await requireOnlyDashboards(claim.path);
    await Deno.mkdir(work, { recursive: true });
    const spool = new CodeSpool(join(work, "codes"), mostNonzeros(model.coder));
    try {
      const figures = await gatherFigures(model, source, spool, options);
      const dashboards = new Dashboards(model, source, figures, options);
      await writeDirectoryAtomically(
        claim.path,
        await dashboards.files(spool, origin),
      );
      return dashboards.result;
    } finally {
      spool.close();
    }
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
    await claim.release();
  }
}

function requireDictionary({ autoencoder }: DictionaryModel): void {
  if (autoencoder === undefined) return;
  throw new DbksvdError("usage", "The model is another tool's autoencoder", {
    mend: "make its dashboards with SAEDashboard",
  });
}

async function requireOnlyDashboards(directory: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(directory)) {
      if (/^(batch-\d+|skipped_indexes|dbksvd)\.json$/.test(name)) continue;
      throw new DbksvdError("usage", "The directory holds something else", {
        where: { file: join(directory, name) },
        mend: "name another --out, or replace it with --overwrite",
      });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
