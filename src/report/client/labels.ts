// Naming atoms, where the page is served by the tool: names go to the model's own file.
import { element } from "./dom.ts";
import type { Dictionary } from "./types.ts";

/** What the pages put in so that atoms can be named. */
export interface LabelEditor {
  /** The field over an atom's page. */
  field(atom: number): HTMLElement;
  /** The button that takes in a file of names. */
  importer(): HTMLElement;
}

const LONGEST_LABEL = 200;

/**
 * The editor of names; `undefined` where the page was not served, or only to be read.
 *
 * @param onChange called when the dictionary has other names
 */
export function createLabelEditor(
  dictionary: Dictionary,
  onChange: () => void,
): LabelEditor | undefined {
  const { token } = document.body.dataset;
  if (token === undefined) return undefined;
  const server = new LabelServer(dictionary, token);
  const send = async (
    labels: Record<string, string>,
    source: "hand" | "import",
    status: HTMLElement,
  ) => {
    status.textContent = "Saving…";
    const problem = await server.send(labels, source);
    status.textContent = problem ?? "Saved";
    if (problem === undefined) onChange();
  };
  return {
    field: (atom) => labelField(dictionary, atom, send),
    importer: () => labelImporter(send),
  };
}

type Send = (
  labels: Record<string, string>,
  source: "hand" | "import",
  status: HTMLElement,
) => Promise<void>;

const CHANGED =
  "The names were changed elsewhere meanwhile: look again, then save";

/** Asks and tells the server that the page came from. */
export class LabelServer {
  #version: string | undefined;

  constructor(readonly dictionary: Dictionary, readonly token: string) {}

  /** Sends a change; gives what is wrong with it, if anything. */
  async send(
    labels: Record<string, string>,
    source: "hand" | "import",
  ): Promise<string | undefined> {
    try {
      if (this.#version === undefined) {
        const shown = this.#shown(labels);
        this.#version = await this.#read();
        // The page may have been open for long: what it shows is what may be replaced.
        if (source === "hand" && this.#shown(labels) !== shown) return CHANGED;
      }
      const answer = await fetch("/labels", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-token": this.token,
          "if-match": this.#version,
        },
        body: JSON.stringify({ labels, source }),
      });
      if (answer.ok) {
        await this.#take(answer);
        return undefined;
      }
      if (answer.status === 409) {
        this.#version = await this.#read();
        return CHANGED;
      }
      return (await answer.json()).error ?? `Not saved (${answer.status})`;
    } catch {
      return "Not saved: the tool no longer answers";
    }
  }

  #shown(labels: Record<string, string>): string {
    const atoms = Object.keys(labels).map(Number);
    return JSON.stringify(atoms.map((atom) => this.dictionary.label(atom)));
  }

  async #read(): Promise<string> {
    return await this.#take(await fetch("/labels"));
  }

  async #take(answer: Response): Promise<string> {
    const { labels } = await answer.json();
    this.dictionary.setLabels(labels);
    return this.#version = answer.headers.get("etag") ?? "";
  }
}

function labelField(
  dictionary: Dictionary,
  atom: number,
  send: Send,
): HTMLElement {
  const name = element("input", {
    type: "text",
    value: dictionary.label(atom) ?? "",
    maxlength: LONGEST_LABEL,
    placeholder: "Name this atom",
    "aria-label": `Name of atom ${atom}`,
    autocomplete: "off",
  });
  const status = element("span", { role: "status", class: "saved" });
  const form = element(
    "form",
    { class: "naming" },
    name,
    element("button", { type: "submit" }, "Save"),
    status,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ [atom]: name.value.trim() }, "hand", status);
  });
  return form;
}

// A file such as labels.json: names by atom index. Names given by hand stay.
function labelImporter(send: Send): HTMLElement {
  const file = element("input", {
    type: "file",
    accept: ".json,application/json",
    "aria-label": "Import names from a file",
  });
  const status = element("span", { role: "status", class: "saved" });
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (chosen === undefined) return;
    const labels = parseNames(await chosen.text());
    file.value = "";
    if (labels === undefined) {
      status.textContent = 'Not a file of names, such as {"17": "music"}';
    } else await send(labels, "import", status);
  });
  return element(
    "p",
    { class: "hints" },
    element("label", {}, "Import names: ", file),
    " ",
    status,
  );
}

function parseNames(text: string): Record<string, string> | undefined {
  try {
    const names: Record<string, string> = {};
    for (const [atom, entry] of Object.entries(JSON.parse(text))) {
      const name = typeof entry === "string"
        ? entry
        : (entry as { label?: unknown }).label;
      if (!/^\d+$/.test(atom) || typeof name !== "string") return undefined;
      names[atom] = name;
    }
    return names;
  } catch {
    return undefined;
  }
}
