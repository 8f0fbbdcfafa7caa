import { Connection } from "./client.ts";
import type { RequestOptions } from "./request.ts";
import type { RemotePlace } from "./place.ts";
import { Unreachable } from "./unreachable.ts";

const MOST_BYTES = 64 * 2 ** 20;

/**
 * Asks for a JSON document.
 *
 * @returns the document, and the answer's headers
 * @throws {Unreachable} also where something else than JSON comes, such as a page that asks to wait
 * @throws {DbksvdError} `data` where there is no such thing
 */
export async function askJson(
  place: RemotePlace,
  options: RequestOptions = {},
): Promise<{ document: unknown; headers: Headers }> {
  const connection = new Connection(place, options);
  return await connection.persist(async (attempt) => {
    const response = await attempt.ask({
      headers: { accept: "application/json" },
    });
    const bytes = await attempt.bytes(response, MOST_BYTES);
    const text = new TextDecoder().decode(bytes);
    try {
      return { document: JSON.parse(text), headers: response.headers };
    } catch (cause) {
      const what = /^\s*</.test(text) ? "a web page" : "something else";
      throw new Unreachable(
        `Server answers with ${what} in place of JSON`,
        place.name,
        "look at the address in a browser, and try again later",
        cause,
      );
    }
  });
}
