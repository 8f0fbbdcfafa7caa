// What the phases are, and what the threads need to know of the one at hand: numbers in shared memory, written before
// it begins.

/** The phases of the engine's work. */
export const PHASE = {
  normalise: 0,
  pack: 1,
  gram: 2,
  mirror: 3,
  code: 4,
  atoms: 5,
  apply: 6,
  energies: 7,
  sums: 8,
  turn: 9,
} as const;

/** What a phase may want to know. */
export const ORDERS = [
  // Rows at hand, and the group that is worked on.
  "rows",
  "group",
  // The group's share of a row's code slots.
  "slot",
  "slots",
  // Which of the two dictionaries stands before the update.
  "side",
  // Coefficients: λ and α.
  "ridge",
  "shrink",
  // What a candidate's correlation has to exceed.
  "threshold",
  // The update: atoms of the batch, shares of the rows, ρ.
  "batch",
  "shares",
  "memory",
  // An iteration that processes share: whether sums are single floats, else the parts of the rows; the power step at
  // hand, whether it is the last one.
  "single",
  "parts",
  "power",
  "last",
  // Whose tasks of the Gram are at hand, of how many processes.
  "rank",
  "ranks",
] as const;

/** The name of one of them. */
export type Order = typeof ORDERS[number];

const PLACES = Object.fromEntries(
  ORDERS.map((order, place) => [order, place]),
) as Record<Order, number>;

/** The orders in shared memory. */
export class Orders {
  readonly #values: Float64Array;

  constructor(buffer: ArrayBufferLike, at: number) {
    this.#values = new Float64Array(buffer, at, ORDERS.length);
  }

  get(order: Order): number {
    return this.#values[PLACES[order]];
  }

  set(orders: Partial<Record<Order, number>>): void {
    for (const [order, value] of Object.entries(orders)) {
      this.#values[PLACES[order as Order]] = value;
    }
  }
}
