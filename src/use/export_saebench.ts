import type { FileContents } from "../files/atomic.ts";
import { dictionaryFileParts } from "../model/dictionary_file.ts";
import { MODEL_FILES } from "../model/directory.ts";
import type { DictionaryModel } from "../model/model.ts";
import pursuit from "./saebench/dbksvd_pursuit.py" with { type: "text" };
import autoencoder from "./saebench/dbksvd_sae.py" with { type: "text" };
import solve from "./saebench/dbksvd_solve.py" with { type: "text" };
import script from "./saebench/run_saebench.py" with { type: "text" };

/** The Python files of an export for SAEBench. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "dbksvd_sae.py": autoencoder,
  "dbksvd_pursuit.py": pursuit,
  "dbksvd_solve.py": solve,
  "run_saebench.py": script,
};

/** Names of the files that {@linkcode saeBenchFiles} makes, `cfg.json` apart. */
export const SAEBENCH_FILES: readonly string[] = [
  MODEL_FILES.dictionary,
  ...Object.keys(SCRIPTS),
];

/** The dictionary as it is, and Python that codes with it as this tool does: an autoencoder for SAEBench. */
export function saeBenchFiles(model: DictionaryModel): FileContents[] {
  const encoder = new TextEncoder();
  return [
    { name: MODEL_FILES.dictionary, parts: dictionaryFileParts(model) },
    ...Object.entries(SCRIPTS).map(([name, text]) => ({
      name,
      parts: [encoder.encode(text)],
    })),
  ];
}
