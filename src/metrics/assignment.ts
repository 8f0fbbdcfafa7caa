import { pauseIfDue } from "../pause.ts";

/** Which column each row of a matrix was given; −1 for none. */
export type Assignment = Int32Array;

/**
 * The one-to-one assignment with the largest sum: shortest augmenting paths (Jonker and Volgenant 1987; the Hungarian
 * method), O(rows²·columns).
 *
 * @param weights rows × columns, rows ≤ columns
 * @param signal ends the work, throwing its reason
 * @returns for every row its column
 */
export async function assignLargest(
  weights: Float32Array,
  rows: number,
  columns: number,
  signal?: AbortSignal,
): Promise<Assignment> {
  const state: SearchState = {
    rowPrice: new Float64Array(rows),
    columnPrice: new Float64Array(columns),
    rowOf: new Int32Array(columns).fill(-1),
    columnOf: new Int32Array(rows).fill(-1),
    distance: new Float64Array(columns),
    cameFrom: new Int32Array(columns),
    scanned: new Uint8Array(columns),
  };
  claimFavourites(weights, rows, columns, state);
  for (let row = 0; row < rows; row++) {
    if (state.columnOf[row] !== -1) continue;
    await augment(weights, columns, row, state, signal);
  }
  return state.columnOf;
}

interface SearchState {
  rowPrice: Float64Array;
  columnPrice: Float64Array;
  rowOf: Int32Array;
  columnOf: Int32Array;
  distance: Float64Array;
  cameFrom: Int32Array;
  scanned: Uint8Array;
}

// Each row's price is its best weight, so a row whose favourite column is free takes it at reduced cost zero.
function claimFavourites(
  weights: Float32Array,
  rows: number,
  columns: number,
  state: SearchState,
) {
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let column = 1; column < columns; column++) {
      if (weights[row * columns + column] > weights[row * columns + best]) {
        best = column;
      }
    }
    state.rowPrice[row] = -weights[row * columns + best];
    if (state.rowOf[best] !== -1) continue;
    state.rowOf[best] = row;
    state.columnOf[row] = best;
  }
}

// Dijkstra over columns from one free row; costs are −weight, reduced by the prices.
async function augment(
  weights: Float32Array,
  columns: number,
  freeRow: number,
  state: SearchState,
  signal?: AbortSignal,
) {
  const { rowPrice, columnPrice, rowOf, distance, cameFrom, scanned } = state;
  distance.fill(Infinity);
  scanned.fill(0);
  let row = freeRow;
  let reached = 0;
  let sink = -1;
  while (sink === -1) {
    let nearest = -1;
    let shortest = Infinity;
    for (let column = 0; column < columns; column++) {
      if (scanned[column] === 1) continue;
      const through = reached - weights[row * columns + column] -
        rowPrice[row] - columnPrice[column];
      if (through < distance[column]) {
        distance[column] = through;
        cameFrom[column] = row;
      }
      if (distance[column] < shortest) {
        shortest = distance[column];
        nearest = column;
      }
    }
    await pauseIfDue(signal);
    scanned[nearest] = 1;
    reached = shortest;
    if (rowOf[nearest] === -1) sink = nearest;
    else row = rowOf[nearest];
  }
  raisePrices(freeRow, sink, reached, state);
  takePath(freeRow, sink, state);
}

function raisePrices(
  freeRow: number,
  sink: number,
  reached: number,
  state: SearchState,
) {
  const { rowPrice, columnPrice, rowOf, distance, scanned } = state;
  rowPrice[freeRow] += reached;
  for (let column = 0; column < scanned.length; column++) {
    if (scanned[column] === 0 || column === sink) continue;
    columnPrice[column] += distance[column] - reached;
    rowPrice[rowOf[column]] += reached - distance[column];
  }
}

function takePath(freeRow: number, sink: number, state: SearchState) {
  let column = sink;
  while (column !== -1) {
    const row = state.cameFrom[column];
    const next = row === freeRow ? -1 : state.columnOf[row];
    state.rowOf[column] = row;
    state.columnOf[row] = column;
    column = next;
  }
}
