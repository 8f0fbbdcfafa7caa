// The map of the atoms: near atoms lie near each other.
import type { Dictionary } from "./types.ts";
import { element } from "./dom.ts";
import { pictureStrip } from "./pictures.ts";
import {
  drawMap,
  labelledAtoms,
  mapSize,
  type MapState,
  readColours,
} from "./map_drawing.ts";

const NEAR_PIXELS = 14;
const CLICK_PIXELS = 4;
const KEY_PIXELS = 40;
const ZOOM_STEP = 1.5;

/** The map and what can be done with it. */
export interface AtomMap {
  frame: HTMLElement;
  /** Shows these atoms strongly and the others faintly. */
  choose(atoms: Uint32Array): void;
  /** Marks an atom and its neighbours (-1: none) and moves to it. */
  select(atom: number): void;
}

interface Motion {
  /** Zooms, keeping the point (x, y) of the canvas where it is; its middle where left out. */
  zoom(factor: number, x?: number, y?: number): void;
  /** Moves the picture by so many pixels. */
  move(dx: number, dy: number): void;
  reset(): void;
  centre(atom: number): void;
}

/** The map in a frame with its controls; `onOpen(atom)` when one is clicked. */
export function createMap(
  dictionary: Dictionary,
  onOpen: (atom: number) => void,
): AtomMap | undefined {
  const { positions } = dictionary;
  if (positions === undefined) return undefined;
  const canvas = element("canvas", {
    tabindex: "0",
    role: "img",
    "aria-label":
      "Map of the atoms: atoms with near directions lie together. Arrow keys move it, plus and minus zoom; the list holds the same atoms.",
  });
  const tip = element("div", { class: "tip", hidden: true });
  const colour = colourField(dictionary);
  const state = createState(
    dictionary,
    positions,
    canvas,
    () => colour.value,
  );
  const motion = createMotion(state);
  colour.addEventListener("change", state.draw);
  listen(state, tip, motion, onOpen);
  new ResizeObserver(state.draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    state.colours = undefined;
    state.draw();
  });
  return {
    frame: element(
      "div",
      { class: "map" },
      element(
        "div",
        { class: "map-controls" },
        colour,
        button("+", "Zoom in", () => motion.zoom(ZOOM_STEP)),
        button("−", "Zoom out", () => motion.zoom(1 / ZOOM_STEP)),
        button("Reset", "Show the whole map", motion.reset),
      ),
      element("div", { class: "map-area" }, canvas, tip),
    ),
    choose(atoms) {
      state.chosen = atoms.length === dictionary.atoms
        ? undefined
        : new Set(atoms);
      state.draw();
    },
    select(atom) {
      state.selected = atom;
      if (atom >= 0) motion.centre(atom);
      state.draw();
    },
  };
}

function colourField(dictionary: Dictionary) {
  return element(
    "select",
    { "aria-label": "Colour by" },
    element("option", { value: "uses" }, "Colour: usage"),
    element("option", { value: "coherence" }, "Colour: nearest cosine"),
    dictionary.groups.length > 1
      ? element("option", { value: "group" }, "Colour: group")
      : undefined,
  );
}

function button(words: string, label: string, action: () => void) {
  return element(
    "button",
    { type: "button", "aria-label": label, title: label, onclick: action },
    words,
  );
}

function createState(
  dictionary: Dictionary,
  positions: Float32Array,
  canvas: HTMLCanvasElement,
  colourBy: () => string,
): MapState {
  let waiting = false;
  const state: MapState = {
    dictionary,
    positions,
    canvas,
    view: { x: 0, y: 0, scale: 1 },
    chosen: undefined,
    selected: -1,
    hovered: -1,
    names: labelledAtoms(dictionary),
    colours: undefined,
    colourBy,
    draw() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        state.colours ??= readColours();
        drawMap(state, state.colours);
      });
    },
  };
  return state;
}

function createMotion(state: MapState): Motion {
  const { canvas, positions } = state;
  return {
    zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
      const { view } = state;
      const scale = Math.max(0.5, Math.min(200, view.scale * factor));
      const { across, down } = mapSize(canvas, 1);
      const dx = (x - canvas.clientWidth / 2) / across;
      const dy = (y - canvas.clientHeight / 2) / down;
      view.x += dx / view.scale - dx / scale;
      view.y += dy / view.scale - dy / scale;
      view.scale = scale;
      state.draw();
    },
    move(dx: number, dy: number) {
      const { across, down } = mapSize(canvas, state.view.scale);
      state.view.x -= dx / across;
      state.view.y -= dy / down;
      state.draw();
    },
    reset() {
      state.view = { x: 0, y: 0, scale: 1 };
      state.draw();
    },
    centre(atom: number) {
      state.view = {
        x: positions[2 * atom],
        y: positions[2 * atom + 1],
        scale: Math.max(2.5, state.view.scale),
      };
    },
  };
}

function listen(
  state: MapState,
  tip: HTMLElement,
  motion: Motion,
  onOpen: (atom: number) => void,
): void {
  const { canvas } = state;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    motion.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
    state.hovered = -1;
    state.draw();
  });
  canvas.addEventListener("keydown", (event) => onMapKey(event, motion));
  listenForDrags(state, tip, motion, onOpen);
}

// A press that moves drags the map; one that does not opens the atom under it.
function listenForDrags(
  state: MapState,
  tip: HTMLElement,
  motion: Motion,
  onOpen: (atom: number) => void,
): void {
  const { canvas } = state;
  let dragged: { x: number; y: number; far: boolean } | undefined;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    dragged = { x: event.clientX, y: event.clientY, far: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (dragged === undefined) {
      return hover(state, tip, event.offsetX, event.offsetY);
    }
    const dx = event.clientX - dragged.x;
    const dy = event.clientY - dragged.y;
    if (!dragged.far && Math.hypot(dx, dy) < CLICK_PIXELS) return;
    dragged = { x: event.clientX, y: event.clientY, far: true };
    motion.move(dx, dy);
  });
  canvas.addEventListener("pointerup", (event) => {
    const clicked = dragged !== undefined && !dragged.far;
    dragged = undefined;
    const atom = nearestAtom(state, event.offsetX, event.offsetY);
    if (clicked && atom >= 0) onOpen(atom);
  });
}

function onMapKey(
  event: KeyboardEvent,
  { move, zoom, reset }: Motion,
): void {
  const actions: Record<string, () => void> = {
    ArrowLeft: () => move(KEY_PIXELS, 0),
    ArrowRight: () => move(-KEY_PIXELS, 0),
    ArrowUp: () => move(0, KEY_PIXELS),
    ArrowDown: () => move(0, -KEY_PIXELS),
    "+": () => zoom(ZOOM_STEP),
    "=": () => zoom(ZOOM_STEP),
    "-": () => zoom(1 / ZOOM_STEP),
    "0": reset,
  };
  if (!Object.hasOwn(actions, event.key)) return;
  actions[event.key]();
  event.preventDefault();
}

function hover(state: MapState, tip: HTMLElement, x: number, y: number): void {
  const atom = nearestAtom(state, x, y);
  if (atom === state.hovered) return;
  state.hovered = atom;
  tip.hidden = atom < 0;
  if (atom >= 0) {
    const { dictionary, canvas } = state;
    tip.replaceChildren(
      element("span", { class: "index" }, String(atom)),
      element("bdi", {}, dictionary.title(atom) || `Atom ${atom}`),
      ...[pictureStrip(dictionary, atom, 3)].filter((one) => one !== undefined),
    );
    const right = x > canvas.clientWidth * 0.6;
    tip.style.left = right ? "auto" : `${x + 14}px`;
    tip.style.right = right ? `${canvas.clientWidth - x + 14}px` : "auto";
    tip.style.top = `${Math.max(4, y - 14)}px`;
  }
  state.canvas.classList.toggle("over", atom >= 0);
  state.draw();
}

function nearestAtom(
  { dictionary, positions, canvas, view, chosen }: MapState,
  x: number,
  y: number,
): number {
  const { across, down } = mapSize(canvas, view.scale);
  const left = canvas.clientWidth / 2 - view.x * across;
  const top = canvas.clientHeight / 2 - view.y * down;
  let nearest = -1;
  let least = NEAR_PIXELS ** 2;
  for (let atom = 0; atom < dictionary.atoms; atom++) {
    if (chosen !== undefined && !chosen.has(atom)) continue;
    const distance = (positions[2 * atom] * across + left - x) ** 2 +
      (positions[2 * atom + 1] * down + top - y) ** 2;
    if (distance < least) {
      least = distance;
      nearest = atom;
    }
  }
  return nearest;
}
