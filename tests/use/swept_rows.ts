import { plantRows } from "../../src/synthetic/planted.ts";

/** Dimensions of the rows. */
export const WIDTH = 10;

/** Few rows, from a planted dictionary. */
export const { data } = plantRows({
  rows: 400,
  width: WIDTH,
  atoms: 20,
  sparsity: 2,
});
