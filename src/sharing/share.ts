import { DbksvdError } from "../errors.ts";
import { readText } from "../files/text.ts";
import type { RequestOptions } from "../net/request.ts";
import { HubRepository } from "../net/hub_repository.ts";
import {
  type HubFile,
  type UploadOptions,
  uploadToHub,
} from "../net/hub_upload.ts";
import { hubEndpoint, variable } from "../net/place.ts";
import { CARD_MARK, type CardFacts, modelCard } from "./card.ts";
import { leftOver } from "./left_over.ts";
import {
  gatherFiles,
  type SharedModel,
  type SharedParts,
  textFile,
} from "./files.ts";

/** The card's name in a repository. */
const CARD_FILE = "README.md";

/** How a model is shared. */
export interface ShareOptions extends SharedParts, CardFacts {
  /** The repository, as USER/NAME. */
  repository: string;
  /** For all to see; otherwise a repository that is made is private, and a public one is refused. */
  public?: boolean | undefined;
  /** A card of one's own, in place of the one that is written. */
  card?: string | undefined;
}

/** What is about to be shared. */
export interface SharePlan {
  /** The repository's page. */
  url: string;
  /** Whether others may see it. */
  public: boolean;
  /** Paths there, and sizes. */
  files: { path: string; bytes: number }[];
  /** The card's text. */
  card: string;
}

/** What sharing did. */
export interface Shared {
  /** The repository's page. */
  url: string;
  /** The commit's page. */
  commitUrl: string;
  /** Whether it was made just now. */
  created: boolean;
  /** Whether others may see it. */
  public: boolean;
  /** Bytes sent to the hub's storage; what it had already is not sent again. */
  sentBytes: number;
  /** Files taken away there: names and exports that an earlier sharing sent, of another dictionary. */
  removed: string[];
}

/** How the sending is run. */
export interface SendOptions extends RequestOptions {
  /** Called with how far it is. */
  onProgress?: UploadOptions["onProgress"];
}

/** A model made ready to be shared; nothing has been sent. */
export class Sharing {
  private constructor(
    readonly options: ShareOptions,
    readonly shared: SharedModel,
    readonly card: string,
  ) {}

  /**
   * Gathers what is shared of a model, and writes its card.
   *
   * @param directory what `train` wrote
   * @param options the repository, exports, pages, facts for the card
   * @throws {DbksvdError} `usage` for a repository's name that cannot be, or an export of another model
   */
  static async of(directory: string, options: ShareOptions): Promise<Sharing> {
    const { repository, baseModel, datasets, license, tags } = options;
    requireName(repository);
    const name = repository.split("/")[1];
    const shared = await gatherFiles(directory, name, options);
    const card = options.card === undefined
      ? modelCard({
        repository,
        ...shared,
        ...{ baseModel, datasets, license, tags },
      })
      : await readText(options.card);
    return new Sharing(options, shared, card);
  }

  /** What would be sent, and where to. */
  get plan(): SharePlan {
    return {
      url: `${hubEndpoint()}/${this.options.repository}`,
      public: this.options.public ?? false,
      files: this.#files().map(({ path, content }) => ({
        path,
        bytes: content.size,
      })),
      card: this.card,
    };
  }

  /**
   * Sends it: makes the repository where there is none, stores large files, and commits all in one.
   *
   * @param options callbacks, an `AbortSignal`
   * @throws {DbksvdError} `usage` where the repository is public and that was not asked for, or there is no token;
   * `run` where the hub cannot be reached, or refuses
   */
  async send({ onProgress, ...requests }: SendOptions = {}): Promise<Shared> {
    const repository = new HubRepository(
      this.options.repository,
      requireToken(),
      requests,
    );
    const created = await this.#made(repository, requests);
    const files = await this.#keepsCard(repository, requests)
      ? this.#files().slice(1)
      : this.#files();
    const removed = created ? [] : await this.#removed(repository, requests);
    const { url, sentBytes } = await uploadToHub(repository, files, {
      summary: "Upload with dbksvd share",
      removed,
      onProgress,
    });
    const isPublic = await repository.isPrivate() === false;
    return {
      url: repository.url,
      commitUrl: url,
      created,
      public: isPublic,
      sentBytes,
      removed,
    };
  }

  #files(): HubFile[] {
    return [textFile(CARD_FILE, this.card), ...this.shared.files];
  }

  async #removed(
    repository: HubRepository,
    { onNotice }: RequestOptions,
  ): Promise<string[]> {
    const sent = this.#files().map(({ path }) => path);
    const { wrong, pages } = await leftOver(
      repository,
      this.shared.model,
      sent,
    );
    if (wrong.length > 0) {
      onNotice?.(
        `Taken away there, for they are not this dictionary's: ${
          wrong.join(", ")
        }`,
      );
    }
    if (pages.length > 0) {
      onNotice?.(
        `Pages stay there from before, perhaps of another dictionary: ${
          pages.join(", ")
        }`,
      );
    }
    return wrong;
  }

  // Nothing goes into a repository that more people see than was asked for.
  async #made(
    repository: HubRepository,
    { onNotice }: RequestOptions,
  ): Promise<boolean> {
    const wanted = this.options.public ?? false;
    const before = await repository.isPrivate();
    if (before === undefined) {
      await repository.create(wanted ? "public" : "private");
    }
    const isPrivate = before ?? await repository.isPrivate();
    if (!wanted && !isPrivate) {
      throw new DbksvdError(
        "usage",
        before === undefined
          ? "The repository was made public, which was not asked for; nothing was uploaded"
          : "The repository is public",
        {
          where: { file: repository.url },
          mend: "make it private in its settings, or say --public",
        },
      );
    }
    if (wanted && isPrivate) {
      onNotice?.(
        "The repository is private and stays so: its settings on the hub make it public",
      );
    }
    return before === undefined;
  }

  // A card that somebody wrote, or took over, is not replaced by one that is made.
  async #keepsCard(
    repository: HubRepository,
    { onNotice }: RequestOptions,
  ): Promise<boolean> {
    if (this.options.card !== undefined) return false;
    const there = await repository.read(CARD_FILE);
    if (there === undefined || there.includes(CARD_MARK)) return false;
    // The hub's own, of a repository that was just made, is front matter alone.
    if (/^\s*(---[^]*?\n---\s*)?$/.test(there)) return false;
    onNotice?.(
      `The repository's ${CARD_FILE} is somebody's own: it stays (--card FILE replaces it)`,
    );
    return true;
  }
}

function requireName(repository: string): void {
  const valid = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(repository) &&
    !/--|\.\.|\.git$/.test(repository) && repository.length <= 96;
  if (valid) return;
  throw new DbksvdError("usage", `--repo is "${repository}"`, {
    mend: "it takes USER/NAME, of letters, digits, - _ and .",
  });
}

function requireToken(): string {
  const token = variable("HF_TOKEN");
  if (token !== undefined) return token;
  throw new DbksvdError("usage", "HF_TOKEN is not set", {
    mend: `make a token that may write at ${hubEndpoint()}/settings/tokens`,
  });
}
