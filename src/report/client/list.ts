// The list of atoms: only the rows in sight exist, so that any number scrolls at once.
import type { Dictionary } from "./types.ts";
import { element } from "./dom.ts";
import { pictureStrip } from "./pictures.ts";
import { count, figure, share } from "./words.ts";

const ROW_HEIGHT = 58;
const SPARE_ROWS = 6;

/** The list box. */
export interface AtomList {
  /** Lists other atoms, from the top. */
  show(chosen: Uint32Array<ArrayBuffer>): void;
  /** Marks the atom whose page is open (-1: none). */
  mark(atom: number): void;
  /** Draws the rows in sight again, after names have changed. */
  redraw(): void;
  /** The atom some steps away from the open one, or undefined at an end. */
  beside(steps: number): number | undefined;
}

/** A list box over the atoms chosen; `onOpen(atom)` when one is picked. */
export function createList(
  dictionary: Dictionary,
  container: HTMLElement,
  onOpen: (atom: number) => void,
): AtomList {
  const spacer = element("div", { class: "spacer", role: "presentation" });
  container.append(spacer);
  let atoms = new Uint32Array(0);
  let active = -1;
  let opened = -1;
  const made = new Map<number, HTMLElement>();

  function draw() {
    const first = Math.max(
      0,
      Math.floor(container.scrollTop / ROW_HEIGHT) - SPARE_ROWS,
    );
    const last = Math.min(
      atoms.length,
      Math.ceil((container.scrollTop + container.clientHeight) / ROW_HEIGHT) +
        SPARE_ROWS,
    );
    for (const [place, row] of made) {
      if (place < first || place >= last) {
        row.remove();
        made.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      let row = made.get(place);
      if (row === undefined) {
        row = optionFor(dictionary, atoms[place], place, atoms.length);
        made.set(place, row);
        spacer.append(row);
      }
      row.classList.toggle("active", place === active);
      row.setAttribute("aria-selected", String(atoms[place] === opened));
    }
    const current = made.get(active);
    if (current !== undefined) {
      container.setAttribute("aria-activedescendant", current.id);
    } else container.removeAttribute("aria-activedescendant");
  }

  function activate(place: number) {
    if (atoms.length === 0) return;
    active = Math.max(0, Math.min(atoms.length - 1, place));
    const top = active * ROW_HEIGHT;
    const page = container.clientHeight;
    if (top < container.scrollTop) container.scrollTop = top;
    else if (top + ROW_HEIGHT > container.scrollTop + page) {
      container.scrollTop = top + ROW_HEIGHT - page;
    }
    draw();
  }

  function onKey(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor(container.clientHeight / ROW_HEIGHT));
    const place = movedPlace(event.key, active, page, atoms.length);
    if (place !== undefined) activate(place);
    else if (event.key === "Enter" || event.key === " ") {
      if (active >= 0) onOpen(atoms[active]);
    } else return;
    event.preventDefault();
  }

  container.addEventListener("scroll", draw, { passive: true });
  container.addEventListener("keydown", onKey);
  container.addEventListener("focus", () => {
    if (active < 0) activate(Math.max(0, atoms.indexOf(opened)));
  });
  container.addEventListener("click", (event) => {
    const option = (event.target as Element)
      .closest<HTMLElement>("[role=option]");
    if (option !== null) onOpen(Number(option.dataset.atom));
  });
  new ResizeObserver(draw).observe(container);

  return {
    show(chosen) {
      atoms = chosen;
      active = -1;
      for (const row of made.values()) row.remove();
      made.clear();
      spacer.style.height = `${atoms.length * ROW_HEIGHT}px`;
      container.scrollTop = 0;
      draw();
    },
    mark(atom) {
      opened = atom;
      const place = atoms.indexOf(atom);
      if (place < 0) return draw();
      const top = place * ROW_HEIGHT;
      const page = container.clientHeight;
      const seen = top >= container.scrollTop &&
        top + ROW_HEIGHT <= container.scrollTop + page;
      if (!seen) container.scrollTop = top - (page - ROW_HEIGHT) / 2;
      activate(place);
    },
    redraw() {
      for (const row of made.values()) row.remove();
      made.clear();
      draw();
    },
    beside: (steps) => atoms[atoms.indexOf(opened) + steps],
  };
}

// Where a key leads from a place, or undefined for other keys.
function movedPlace(
  key: string,
  place: number,
  page: number,
  size: number,
): number | undefined {
  const moves: Record<string, number> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + page,
    PageUp: place - page,
    Home: 0,
    End: size - 1,
  };
  return Object.hasOwn(moves, key) ? moves[key] : undefined;
}

function optionFor(
  dictionary: Dictionary,
  atom: number,
  place: number,
  size: number,
): HTMLElement {
  const title = dictionary.title(atom);
  const uses = dictionary.uses[atom];
  const row = element(
    "div",
    {
      role: "option",
      id: `atom-option-${atom}`,
      "aria-posinset": place + 1,
      "aria-setsize": size,
      "data-atom": atom,
      class: uses === 0 && dictionary.rows > 0 ? "dead" : undefined,
    },
    element(
      "span",
      { class: "option-title" },
      element("span", { class: "index" }, String(atom)),
      element(
        "bdi",
        { class: dictionary.label(atom) === undefined ? undefined : "label" },
        title || `Atom ${atom}`,
      ),
    ),
    element("span", { class: "option-figures" }, figuresOf(dictionary, atom)),
    pictureStrip(dictionary, atom, 3),
  );
  row.style.top = `${place * ROW_HEIGHT}px`;
  return row;
}

function figuresOf(dictionary: Dictionary, atom: number): string {
  const nearest = `nearest ${figure(dictionary.coherence[atom], 2)}`;
  if (dictionary.rows === 0) return nearest;
  const uses = dictionary.uses[atom];
  if (uses === 0) return `never used · ${nearest}`;
  return `${count(uses)} rows (${
    share(dictionary.density(atom))
  }) · ${nearest}`;
}
