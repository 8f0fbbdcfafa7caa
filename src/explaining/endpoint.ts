import { DbksvdError } from "../errors.ts";
import { isPrivateWay, type RemotePlace, remotePlace } from "../net/place.ts";

/** Where a language model is asked. */
export interface Endpoint {
  /** The address of its chat completions, with the key as a header. */
  place: RemotePlace;
  /** The host that texts go to, as it is shown to people. */
  host: string;
  /** The key, so that it can be kept out of what is said. */
  key?: string | undefined;
}

/**
 * The endpoint at an address. A key and texts go over https only, or to this machine itself.
 *
 * @param address the base of an OpenAI-compatible interface (`https://api.openai.com/v1`), or its chat completions
 * @param key what the server wants as `Authorization: Bearer`
 * @throws {DbksvdError} `usage` where the address or the key cannot be used
 */
export function endpointAt(address: string, key?: string): Endpoint {
  const refuse = (what: string, mend: string) =>
    new DbksvdError("usage", what, { mend });
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refuse(
      "--explain is no web address",
      "give the base of an OpenAI-compatible interface, as https://host/v1",
    );
  }
  if (!isPrivateWay(url)) {
    throw refuse(
      `Texts are not sent to ${url.host} in the clear`,
      "give an https address, or one of this machine (localhost, 127.0.0.1)",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse(
      "--explain holds a user or a password",
      "leave them out, and give the key in DBKSVD_EXPLAIN_KEY",
    );
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw refuse(
      "DBKSVD_EXPLAIN_KEY holds what no key has, such as a space or a line's end",
      "copy the key again",
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`
    .replace(/(\/chat\/completions)\1$/, "$1");
  // Nothing of DBKSVD_HTTP_HEADERS, which is for inputs.
  const place = remotePlace(url.href);
  if (key !== undefined) place.headers.authorization = `Bearer ${key}`;
  return { place, host: url.host, key };
}
