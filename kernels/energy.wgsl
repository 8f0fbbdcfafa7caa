// ‖r‖² of every row.
// Bindings: R rows × n4 · energies. Dispatch: one workgroup a row. Bytes: 4n a row. Flops: 2n a row.
//#params rows: u32
//#matrix R read
//#buffer energies read_write vec2<f32>
//#include entry
//#include sum

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  var energy = 0.0;
  for (var c = t; c < $N4; c += WG) {
    let r = R_at(group, c);
    energy += dot(r, r);
  }
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[group].x = total; }
}
