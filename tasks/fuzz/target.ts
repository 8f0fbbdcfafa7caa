import { join } from "node:path";
import type { RandomStream } from "../../src/random.ts";
import type { Bytes } from "./damage.ts";
import { damageBytes } from "./mutate.ts";

/** One parser under test. */
export interface Target {
  name: string;
  /** Bytes, damaged with regard to what they mean. */
  structured(random: RandomStream): Promise<Bytes> | Bytes;
  /** Bytes, damaged blindly. */
  blind(random: RandomStream): Bytes;
  /** Parses; throws where it refuses. */
  parse(bytes: Bytes): Promise<unknown>;
}

/** A parser of a file of its own. */
export function inFile(directory: string, file: string, target: {
  name: string;
  sound: Bytes;
  structured(sound: Bytes, random: RandomStream): Bytes;
  parse(path: string): Promise<unknown>;
}): Target {
  const path = join(directory, file);
  return {
    name: target.name,
    structured: (random) => target.structured(target.sound, random),
    blind: (random) => damageBytes(target.sound, random),
    parse: async (bytes) => {
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeFile(path, bytes);
      return await target.parse(path);
    },
  };
}
