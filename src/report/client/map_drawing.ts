// The picture of the map.
import type { Dictionary } from "./types.ts";
import { cut } from "./words.ts";

const SHADES = 16;
const MOST_NAMES = 400;
const MOST_STRETCH = 1.4;
/** The page's colours. */
export interface Colours {
  /** From the least to the most. */
  shades: string[];
  groups: string[];
  text: string;
  page: string;
  faint: string;
  accent: string;
}

/** An atom with its name on the map. */
export interface NamedAtom {
  atom: number;
  name: string;
}

/** What the map shows just now. */
export interface MapState {
  dictionary: Dictionary;
  /** atoms × 2, in [−1, 1]. */
  positions: Float32Array;
  canvas: HTMLCanvasElement;
  /** The middle of the picture, and how much it is enlarged. */
  view: { x: number; y: number; scale: number };
  /** The atoms drawn strongly; all where left out. */
  chosen: Set<number> | undefined;
  /** −1 where none is. */
  selected: number;
  hovered: number;
  names: NamedAtom[];
  colours: Colours | undefined;
  colourBy(): string;
  /** Draws it at the next frame. */
  draw(): void;
}

interface Frame {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  x(atom: number): number;
  y(atom: number): number;
  radius: number;
}

const NAME_FONT = "12px Inter, system-ui, sans-serif";

/** The page's colours, as the style sheet has them now. */
export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const from = colour("--ramp-low").split(" ").map(Number);
  const to = colour("--ramp-high").split(" ").map(Number);
  return {
    shades: Array.from({ length: SHADES }, (_, s) => {
      const mixed = from.map((low, c) =>
        Math.round(low + (to[c] - low) * s / (SHADES - 1))
      );
      return `rgb(${mixed.join(" ")})`;
    }),
    groups: [1, 2, 3, 4].map((series) => colour(`--series-${series}`)),
    text: colour("--text"),
    page: colour("--panel"),
    faint: colour("--line"),
    accent: colour("--series-2"),
  };
}

/** Atoms worth a name on the map, in order: labelled ones, then the most used. */
export function labelledAtoms(dictionary: Dictionary): NamedAtom[] {
  const order = Array.from({ length: dictionary.atoms }, (_, atom) => atom)
    .sort((a, b) =>
      Number(dictionary.label(b) !== undefined) -
        Number(dictionary.label(a) !== undefined) ||
      dictionary.uses[b] - dictionary.uses[a]
    );
  return order.slice(0, MOST_NAMES)
    .map((atom) => ({
      atom,
      name: dictionary.label(atom) ?? dictionary.title(atom).split(" · ")[0],
    }))
    .filter(({ name }) => name !== "");
}

/** Pixels to a unit of the map: as wide as the frame allows, within reason. */
export function mapSize(
  canvas: HTMLCanvasElement,
  scale: number,
): { across: number; down: number } {
  const down = canvas.clientHeight / 2 * scale;
  const across = canvas.clientWidth / 2 * scale;
  const least = Math.min(across, down);
  return {
    across: Math.min(across, least * MOST_STRETCH),
    down: Math.min(down, least * MOST_STRETCH),
  };
}

/** Draws the map's points, marks and names. */
export function drawMap(state: MapState, colours: Colours): void {
  const { canvas, view, dictionary, positions } = state;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0 || height === 0) return;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
  }
  if (canvas.height !== Math.round(height * ratio)) {
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const { across, down } = mapSize(canvas, view.scale);
  const frame: Frame = {
    context,
    width,
    height,
    x: (atom) => (positions[2 * atom] - view.x) * across + width / 2,
    y: (atom) => (positions[2 * atom + 1] - view.y) * down + height / 2,
    radius: Math.max(
      1.4,
      Math.min(9, 60 / Math.sqrt(dictionary.atoms) * Math.sqrt(view.scale)),
    ),
  };
  drawPoints(state, frame, colours);
  if (state.selected >= 0) drawSelected(state, frame, colours);
  if (state.hovered >= 0) ring(frame, state.hovered, colours.text, 1.5);
  drawNames(state, frame, colours);
}

function drawPoints(state: MapState, frame: Frame, colours: Colours): void {
  const { dictionary, chosen } = state;
  const buckets = new Map<string, number[]>();
  const shadeOf = shading(state, colours);
  for (let atom = 0; atom < dictionary.atoms; atom++) {
    const x = frame.x(atom);
    const y = frame.y(atom);
    if (x < -10 || y < -10 || x > frame.width + 10 || y > frame.height + 10) {
      continue;
    }
    const faint = chosen !== undefined && !chosen.has(atom);
    const colour = faint ? colours.faint : shadeOf(atom);
    const points = buckets.get(colour);
    if (points === undefined) buckets.set(colour, [x, y]);
    else points.push(x, y);
  }
  // Faint points first, so that they never cover the others.
  const order = [...buckets].sort(([a], [b]) =>
    Number(b === colours.faint) - Number(a === colours.faint)
  );
  for (const [colour, points] of order) {
    frame.context.fillStyle = colour;
    frame.context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      frame.context.moveTo(points[i] + frame.radius, points[i + 1]);
      frame.context.arc(points[i], points[i + 1], frame.radius, 0, 7);
    }
    frame.context.fill();
  }
}

function shading(
  { dictionary, colourBy }: MapState,
  colours: Colours,
): (atom: number) => string {
  const by = colourBy();
  if (by === "group") {
    return (atom) =>
      colours.groups[dictionary.group(atom) % colours.groups.length];
  }
  const ranks = ranksOf(
    by === "coherence" ? dictionary.coherence : dictionary.uses,
  );
  return (atom) =>
    colours.shades[Math.floor(ranks[atom] / dictionary.atoms * SHADES)];
}

// Places in rising order: every shade gets as many atoms, however uneven the values.
function ranksOf(values: ArrayLike<number>): Uint32Array {
  const order = Array.from(values, (_, atom) => atom)
    .sort((a, b) => values[a] - values[b] || a - b);
  const ranks = new Uint32Array(values.length);
  order.forEach((atom, rank) => ranks[atom] = rank);
  return ranks;
}

function drawSelected(
  { dictionary, selected }: MapState,
  frame: Frame,
  colours: Colours,
): void {
  const { context } = frame;
  context.strokeStyle = colours.accent;
  context.lineWidth = 1;
  for (const { atom } of dictionary.neighbours(selected)) {
    context.beginPath();
    context.moveTo(frame.x(selected), frame.y(selected));
    context.lineTo(frame.x(atom), frame.y(atom));
    context.stroke();
  }
  ring(frame, selected, colours.accent, 2.5);
}

function ring(
  { context, x, y, radius }: Frame,
  atom: number,
  colour: string,
  thickness: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  context.beginPath();
  context.arc(x(atom), y(atom), radius + 2.5, 0, 7);
  context.stroke();
}

// Names that fit: each takes its place unless an earlier one has it.
function drawNames(
  { names, dictionary, chosen, selected }: MapState,
  frame: Frame,
  colours: Colours,
): void {
  const { context } = frame;
  context.font = NAME_FONT;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3.5;
  context.strokeStyle = colours.page;
  context.fillStyle = colours.text;
  const taken: number[][] = [];
  const first = selected < 0
    ? []
    : [selected, ...neighbourAtoms(dictionary, selected)]
      .map((atom) => ({ atom, name: dictionary.title(atom).split(" · ")[0] }));
  for (const { atom, name } of [...first, ...names]) {
    if (chosen !== undefined && !chosen.has(atom)) continue;
    const words = cut(name, 22);
    const left = frame.x(atom) + frame.radius + 4;
    const middle = frame.y(atom);
    const right = left + context.measureText(words).width;
    const box = [left - 4, middle - 9, right + 4, middle + 9];
    const outside = left < 0 || right > frame.width || middle < 9 ||
      middle > frame.height - 9;
    const hidden = outside ||
      taken.some((other) =>
        box[0] < other[2] && box[2] > other[0] && box[1] < other[3] &&
        box[3] > other[1]
      );
    if (hidden) continue;
    taken.push(box);
    context.strokeText(words, left, middle);
    context.fillText(words, left, middle);
  }
}

function neighbourAtoms(dictionary: Dictionary, atom: number): number[] {
  return dictionary.neighbours(atom).map((neighbour) => neighbour.atom);
}
