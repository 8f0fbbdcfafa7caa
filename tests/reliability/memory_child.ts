// Trains on rows in memory: what the library does without any permission.
import { rowsFromArray, train } from "../../mod.ts";

const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => Math.sin(i * i));
const { model, config } = await train(rowsFromArray(rows, 4), {
  atoms: 8,
  sparsity: 2,
  passes: 2,
}, { device: "cpu" });
console.log(JSON.stringify({
  atoms: model.atoms,
  device: config.device.kind,
  digest: model.dictionary.reduce((sum, value) => sum + value * value, 0),
}));
