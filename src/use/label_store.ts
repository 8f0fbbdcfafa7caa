import { createHash } from "node:crypto";
import { join } from "node:path";
import { LABEL_FILES } from "../labels/file.ts";
import { labelTexts } from "../labels/label.ts";
import { loadModel } from "../model/directory.ts";
import type { LabelStore } from "../report/serve_labels.ts";
import { changeNames, modelPlace, namedByHand } from "./labels.ts";

/**
 * The names of a model directory's atoms, for a server that lets them be changed.
 *
 * @param directory a model directory
 */
export function labelStore(directory: string): LabelStore {
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
      return {
        labels: labelTexts(model.labels ?? {}),
        version: await version(),
      };
    },
    async change(changes, source) {
      const place = await modelPlace(directory);
      const { model } = await loadModel(place);
      await changeNames(
        directory,
        model,
        (present) => namedByHand(present, changes, model.atoms, source),
        place,
      );
    },
  };
}
