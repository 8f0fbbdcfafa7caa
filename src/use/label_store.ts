import { createHash } from "node:crypto";
import { join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { LABEL_FILES } from "../labels/file.ts";
import { labelTexts } from "../labels/label.ts";
import { loadModel } from "../model/directory.ts";
import type { LabelStore } from "../report/serve_labels.ts";
import { fingerprint } from "./codes_metadata.ts";
import { changeNames, modelPlace, namedByHand } from "./labels.ts";

/** The version of names that are another dictionary's: no change of them is taken. */
const OTHERS = '"another dictionary"';

/**
 * The names of a model directory's atoms, for a server that lets them be changed. Where another dictionary takes the
 * place of the one that is there now, its atoms are others: none of them is named by their numbers here, and the names
 * stay as they were.
 *
 * @param directory a model directory
 */
export async function labelStore(directory: string): Promise<LabelStore> {
  const { model: shown } = await loadModel(directory);
  const dictionary = await fingerprint(shown);
  let labels = labelTexts(shown.labels ?? {});
  const version = async () => {
    const text = await Deno.readTextFile(join(directory, LABEL_FILES.labels))
      .catch((error) => {
        if (error instanceof Deno.errors.NotFound) return "";
        throw error;
      });
    return `"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"`;
  };
  return {
    async read() {
      const { model } = await loadModel(directory);
      if (await fingerprint(model) !== dictionary) {
        return { labels, version: OTHERS };
      }
      labels = labelTexts(model.labels ?? {});
      return { labels, version: await version() };
    },
    async change(changes, source) {
      const place = await modelPlace(directory);
      const { model } = await loadModel(place);
      if (await fingerprint(model) !== dictionary) {
        throw new DbksvdError(
          "run",
          "Another dictionary took the place of the one on this page",
          { where: { file: directory }, mend: "begin dbksvd inspect again" },
        );
      }
      await changeNames(
        directory,
        model,
        (present) => namedByHand(present, changes, model.atoms, source),
        place,
      );
    },
  };
}
