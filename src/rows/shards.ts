import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";

/** What the name of an index of safetensors shards ends with. */
export const SHARD_INDEX = ".safetensors.index.json";

/**
 * The shards that an index names, in its order: those with one tensor where it is named, else all of them.
 *
 * @param index the index's path
 * @param tensor the tensor that is wanted
 * @throws {DbksvdError} `data` where it is none, or lacks the tensor
 */
export function shardsOf(index: string, tensor: string | undefined): string[] {
  const map = weightMap(index);
  const names = Object.keys(map);
  if (tensor !== undefined && !Object.hasOwn(map, tensor)) {
    throw new DbksvdError("data", `No tensor "${tensor}"`, {
      where: { file: index },
      mend: `choose one with --column: ${listed(names)}`,
    });
  }
  const shards = tensor === undefined ? Object.values(map) : [map[tensor]];
  return [...new Set(shards)].map((shard) => join(dirname(index), shard));
}

function listed(names: readonly string[]): string {
  const more = names.length > 20 ? `, … (${names.length})` : "";
  return names.slice(0, 20).join(", ") + more;
}

function weightMap(index: string): Record<string, string> {
  try {
    const { weight_map: map } = JSON.parse(readFileSync(index, "utf8"));
    const sound = isJsonObject(map) &&
      Object.values(map).every((shard) => typeof shard === "string");
    if (sound) return map as Record<string, string>;
    throw new SyntaxError("no weight_map");
  } catch (cause) {
    throw new DbksvdError("data", "Cannot read the index of shards", {
      where: { file: index },
      mend: "it has to be JSON with a weight_map of tensors and files",
      cause,
    });
  }
}
