// What an atom's page and a row's page have in common.
import type { Dictionary } from "./types.ts";
import { type Child, element } from "./dom.ts";
import { pictureStrip } from "./pictures.ts";

/** A section of a page. */
export function section(
  title: string,
  ...body: (Child | Child[])[]
): HTMLElement {
  return element("section", {}, element("h3", {}, title), ...body);
}

/** A link to an atom by its number and title. */
export function atomLink(dictionary: Dictionary, atom: number): HTMLElement {
  return element(
    "a",
    { href: `#/atom/${atom}`, class: "atom-link" },
    element("span", { class: "index" }, String(atom)),
    element("bdi", {}, dictionary.title(atom) || `Atom ${atom}`),
    pictureStrip(dictionary, atom, 3),
  );
}
