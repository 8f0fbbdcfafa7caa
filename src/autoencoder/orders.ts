// What the phases of a step are, and what the threads need to know of the one at hand.

/** The phases of a step. */
export const PHASE = { pack: 0, code: 1, rebuild: 2, learn: 3 } as const;

/** What a phase may want to know: numbers in shared memory, written before it begins. */
export const ORDERS = [
  // Rows of the step, and the first chunk of them that the phase is about.
  "rows",
  "firstChunk",
  // Adam: the length of a step, and by how much its two moments are short.
  "rate",
  "meanShare",
  "squareShare",
] as const;

/** The name of one of them. */
export type Order = typeof ORDERS[number];

/** The orders in shared memory. */
export class Orders {
  readonly #values: Float64Array;

  constructor(buffer: ArrayBufferLike, at: number) {
    this.#values = new Float64Array(buffer, at, ORDERS.length);
  }

  get(order: Order): number {
    return this.#values[ORDERS.indexOf(order)];
  }

  set(orders: Partial<Record<Order, number>>): void {
    for (const [order, value] of Object.entries(orders)) {
      this.#values[ORDERS.indexOf(order as Order)] = value;
    }
  }
}
