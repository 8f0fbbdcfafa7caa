// Puts the pages together and follows the address: #/, #/map/ATOM, #/atom/ATOM, #/row/ROW.
import type {
  Dictionary,
  PackedAtoms,
  PackedCodes,
  PackedLogits,
  PackedPictures,
  PackedRows,
} from "./types.ts";
import { createDictionary } from "./dictionary.ts";
import { element } from "./dom.ts";
import { createFilters, type Filters } from "./filters.ts";
import { createLabelEditor } from "./labels.ts";
import { type AtomList, createList } from "./list.ts";
import { type AtomMap, createMap } from "./map.ts";
import { atomPage } from "./atom_page.ts";
import { picturesIn } from "./pictures.ts";
import { rowPage } from "./row_page.ts";
import { createFinder, type Finder } from "./finder.ts";
import { type Filter, selectAtoms } from "./selection.ts";
import { unpackPart } from "./unpack.ts";
import { count } from "./words.ts";

/** Starts the browser on the page's data. */
export async function startBrowser() {
  const [atoms, rows] = await Promise.all([
    part<PackedAtoms>("atoms"),
    part<PackedRows>("rows"),
  ]);
  const pictures = picturesIn(
    rows,
    atoms.pictureSize,
    () => part<PackedPictures>("pictures"),
  );
  const dictionary = createDictionary(atoms, rows, pictures);
  document.body.classList.toggle("with-pictures", pictures !== undefined);
  const view = byId("view");
  const status = byId("status");
  const open = (atom: number) => void (location.hash = `#/atom/${atom}`);

  const list = createList(dictionary, byId("list"), open);
  const map = createMap(dictionary, open);
  const editor = createLabelEditor(dictionary, () => {
    list.redraw();
    find = undefined;
    show();
  });
  const home = homePage(dictionary, map, editor?.importer());
  let find: Finder | undefined;
  const choose = (filter: Filter, submitted = false) => {
    find ??= createFinder(dictionary);
    const chosen = selectAtoms(dictionary, filter, find);
    status.textContent = chosen.length === dictionary.atoms
      ? `${count(chosen.length)} atoms`
      : `${count(chosen.length)} of ${count(dictionary.atoms)} atoms`;
    list.show(chosen);
    map?.choose(chosen);
    byId("nothing").hidden = chosen.length > 0;
    if (submitted && chosen.length > 0) open(chosen[0]);
  };
  const filters = createFilters(dictionary, choose);
  byId("filters").append(filters.form);
  choose({ ...filters.read(), query: "" });

  let codes: PackedCodes | undefined;
  let logits: PackedLogits | undefined;
  const show = async () => {
    const { hash } = location;
    const [, kind, key] = hash.split("/");
    const number = key === undefined || key === "" ? NaN : Number(key);
    const isAtom = Number.isInteger(number) && number >= 0 &&
      number < dictionary.atoms;
    document.body.dataset.page = kind || "home";
    list.mark(isAtom && (kind === "atom" || kind === "map") ? number : -1);
    if (kind === "atom" && isAtom) {
      if (dictionary.unembedding !== undefined) {
        logits ??= await part<PackedLogits>("logits");
        if (location.hash !== hash) return;
      }
      const naming = editor?.field(number);
      const page = atomPage(dictionary, number, { naming, logits });
      return turn(view, page, `Atom ${number}`);
    }
    const place = dictionary.placeOfRow(number);
    if (kind === "row" && place !== undefined) {
      codes ??= await part<PackedCodes>("codes");
      return turn(view, rowPage(dictionary, codes, place), `Row ${number}`);
    }
    if (kind === undefined || kind === "" || kind === "map") {
      turn(view, home, "Atoms");
      map?.select(kind === "map" && isAtom ? number : -1);
      return;
    }
    turn(view, missingPage(kind, key), "Not found");
  };
  addEventListener("hashchange", show);
  document.addEventListener(
    "keydown",
    (event) => onKey(event, list, filters, open),
  );
  await show();
  document.body.dataset.ready = "yes";
}

function part<T>(name: string): Promise<T> {
  return unpackPart<T>(byId(`part-${name}`).textContent ?? "");
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}`);
  return found;
}

// A new page: at its top, its name in the title, its heading focused so that a screen reader begins there.
function turn(view: HTMLElement, page: HTMLElement, name: string): void {
  const listed = document.activeElement?.id === "list" ||
    document.activeElement?.id === "search";
  view.replaceChildren(page);
  view.scrollTop = 0;
  document.title = `${name} · ${document.body.dataset.name}`;
  if (!listed && document.body.dataset.ready === "yes") {
    page.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }
}

function homePage(
  dictionary: Dictionary,
  map: AtomMap | undefined,
  importer: HTMLElement | undefined,
): HTMLElement {
  const dead = dictionary.uses.reduce(
    (sum, uses) => sum + (uses === 0 ? 1 : 0),
    0,
  );
  const { coder, rows } = dictionary;
  const words = [
    `${count(dictionary.atoms)} atoms × ${count(dictionary.width)} dimensions`,
    dictionary.by === "code" ? `codes: ${coder}` : coder,
    rows === 0 ? "no rows inspected" : `${count(rows)} rows inspected`,
    ...(rows === 0 ? [] : [`${count(dead)} never used`]),
  ];
  return element(
    "article",
    { class: "home" },
    element(
      "div",
      { class: "home-head" },
      element("h2", { tabindex: "-1" }, "Map of the atoms"),
      element("p", {}, words.join(" · ")),
    ),
    map?.frame ?? element(
      "p",
      { class: "empty" },
      "This page was made without a map. Choose an atom from the list.",
    ),
    element(
      "p",
      { class: "hints" },
      "Atoms with near directions lie together. Keys: ",
      element("kbd", {}, "/"),
      " search, ",
      element("kbd", {}, "j"),
      " ",
      element("kbd", {}, "k"),
      " next and previous atom, ",
      element("kbd", {}, "m"),
      " map.",
    ),
    importer,
  );
}

function missingPage(kind: string, key: string): HTMLElement {
  return element(
    "article",
    {},
    element("h2", { tabindex: "-1" }, "Nothing here"),
    element(
      "p",
      { class: "lead" },
      kind === "row"
        ? `Row ${key} is not among the rows kept: only those that some atom uses most are.`
        : "There is no such atom or page.",
    ),
    element("p", {}, element("a", { href: "#/" }, "To the map")),
  );
}

function onKey(
  event: KeyboardEvent,
  list: AtomList,
  filters: Filters,
  open: (atom: number) => void,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(input|select|textarea)$/i.test(
    (event.target as Element).tagName,
  );
  if (event.key === "Escape" && event.target === filters.search) {
    filters.search.value = "";
    filters.search.dispatchEvent(new Event("input", { bubbles: true }));
    byId("list").focus();
    return;
  }
  if (event.key === "ArrowDown" && event.target === filters.search) {
    byId("list").focus();
    event.preventDefault();
    return;
  }
  if (typing) return;
  if (event.key === "/") {
    filters.search.focus();
    filters.search.select();
  } else if (event.key === "j" || event.key === "k") {
    const atom = list.beside(event.key === "j" ? 1 : -1);
    if (atom !== undefined) open(atom);
  } else if (event.key === "m") location.hash = "#/";
  else return;
  event.preventDefault();
}
