// Puts the normalised residuals of the worst rows in the place of the atoms to replace; rows without residual do
// nothing.
// Bindings: R rows × n4 · energies, one a row · worst, rows worst first · atoms · D m × n4 · weights, one an atom:
// those of all atoms named become 0, though there be fewer rows.
// Dispatch: one workgroup an atom. Bytes: 8n an atom.
//#params count: u32, all: u32
//#matrix R read
//#buffer energies read vec2<f32>
//#buffer worst read u32
//#buffer atoms read u32
//#matrix D read_write
//#buffer weights read_write f32
//#include entry

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.all) { return; }
  if (t == 0u) { weights[atoms[group]] = 0.0; }
  if (group >= p.count) { return; }
  let row = worst[group];
  let norm = sqrt(energies[row].x);
  if (norm <= $VANISHING) { return; }
  for (var c = t; c < $N4; c += WG) { D_put(atoms[group], c, R_at(row, c) / norm); }
}
