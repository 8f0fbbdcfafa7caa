import { DbksvdError } from "../errors.ts";
import { isJsonObject } from "../json.ts";
import { Connection } from "./client.ts";
import type { Asked, RequestOptions } from "./request.ts";
import {
  hubEndpoint,
  isPrivateWay,
  type RemotePlace,
  remotePlace,
} from "./place.ts";

/** An answer of the hub's interface is no longer than this. */
const ANSWER_BYTES = 2 ** 22;

/** What the hub says no with, having understood: its reason stands in the answer. */
const REFUSALS = [400, 404, 405, 409, 413, 422];

const CREDENTIALS = "give a token that may write to the repository in HF_TOKEN";

/** What the hub answered. */
interface Answer {
  status: number;
  document: Record<string, unknown>;
}

/** A model's repository on the hub: what it is, and how it is asked. The token goes to the hub alone. */
export class HubRepository {
  readonly endpoint = hubEndpoint();

  /**
   * @param name as USER/NAME
   * @param token the hub's, for writing
   * @param options how requests are made
   * @throws {DbksvdError} `usage` where the token would be sent in the clear
   */
  constructor(
    readonly name: string,
    readonly token: string,
    readonly options: RequestOptions = {},
  ) {
    requireSafe(this.endpoint);
  }

  /** Its page. */
  get url(): string {
    return `${this.endpoint}/${this.name}`;
  }

  /** Whether it is private; undefined where there is none. */
  async isPrivate(): Promise<boolean | undefined> {
    const path = `/api/models/${this.name}`;
    const { status, document } = await this.ask(path, { accepts: [404] });
    return status === 404 ? undefined : document.private === true;
  }

  /** Paths of its files. */
  async files(): Promise<string[]> {
    const { document } = await this.ask(`/api/models/${this.name}`, {});
    const { siblings } = document;
    return Array.isArray(siblings)
      ? siblings.map((one) => one?.rfilename)
        .filter((path) => typeof path === "string")
      : [];
  }

  /** Makes it; one that is there already is left as it is. */
  async create(visibility: "private" | "public"): Promise<void> {
    const [organization, name] = this.name.split("/");
    await this.ask("/api/repos/create", {
      ...posted({ type: "model", name, organization, visibility }),
      accepts: [409],
    });
  }

  /** A text file of it; undefined where there is none. */
  async read(path: string): Promise<string | undefined> {
    const place = this.place(`/${this.name}/raw/main/${path}`);
    const connection = new Connection(place, this.#requests());
    return await connection.persist(async (attempt) => {
      const response = await attempt.ask({ accepts: [404] });
      const bytes = await attempt.bytes(response, ANSWER_BYTES);
      return response.status === 404
        ? undefined
        : new TextDecoder().decode(bytes);
    });
  }

  /** Asks at an address of the hub, with the token; a refusal is thrown with its reason. */
  async ask(path: string, asked: Asked): Promise<Answer> {
    return await askHub(this.place(path), asked, this.#requests());
  }

  /** An address of the hub, to be asked with the token. */
  place(path: string): RemotePlace {
    return this.placeOf(`${this.endpoint}${path}`);
  }

  /** An address that the hub named: it is asked with the token where it is the hub's own. */
  placeOf(address: string): RemotePlace {
    const place = remotePlace(address);
    const isOwn = new URL(address).origin === new URL(this.endpoint).origin;
    if (!isOwn) return place;
    const authorization = `Bearer ${this.token}`;
    return { ...place, headers: { ...place.headers, authorization } };
  }

  #requests(): RequestOptions {
    return { credentials: CREDENTIALS, ...this.options };
  }
}

/** Asks with JSON for JSON; a refusal is thrown with its reason. */
export async function askHub(
  place: RemotePlace,
  asked: Asked,
  options: RequestOptions,
): Promise<Answer> {
  const connection = new Connection(place, options);
  return await connection.persist(async (attempt) => {
    const response = await attempt.ask({
      ...asked,
      refused: (status, text) => requireAccepted(place, status, text),
    });
    const bytes = await attempt.bytes(response, ANSWER_BYTES);
    const document = parsed(new TextDecoder().decode(bytes));
    return { status: response.status, document };
  });
}

function requireAccepted(
  { name }: RemotePlace,
  status: number,
  text: string,
): void {
  if (!REFUSALS.includes(status)) return;
  throw new DbksvdError(
    "run",
    `Hub refuses: ${reasonOf(parsed(text), status)}`,
    { where: { file: name }, mend: "mend what it says, and run again" },
  );
}

/** A request that posts JSON. */
export function posted(
  document: unknown,
  contentType = "application/json",
): Asked {
  return {
    method: "POST",
    headers: { "content-type": contentType, accept: contentType },
    body: JSON.stringify(document),
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    const document = JSON.parse(text);
    return isJsonObject(document) ? document : {};
  } catch {
    return {};
  }
}

function reasonOf(
  { error, message }: Record<string, unknown>,
  status: number,
): string {
  const reason = [error, message].find((one) => typeof one === "string");
  return reason === undefined
    ? `it answers ${status}`
    : `${reason}`.slice(0, 500).replace(/\s+/g, " ");
}

function requireSafe(endpoint: string): void {
  const url = URL.parse(endpoint);
  if (url !== null && isPrivateWay(url)) return;
  throw new DbksvdError("usage", `HF_ENDPOINT is "${endpoint}"`, {
    mend: "it takes an https:// address: a token is sent to it",
  });
}
