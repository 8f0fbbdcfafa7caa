// Kept rows back to working rows, with ‖y‖² of each.
// Bindings: H rows × n4 (floats, or halves beside each row's largest value) · Y rows × n4 · energies.
// Dispatch: one workgroup a row. Bytes: 8n a row (6n from halves).
//#params rows: u32
//#matrix H read
//#if HALVES
//#buffer largest read f32
//#end
//#matrix Y read_write
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
//#if HALVES
    let y = H_at(group, c) * largest[group];
//#else
    let y = H_at(group, c);
//#end
    Y_put(group, c, y);
    energy += dot(y, y);
  }
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[group] = vec2<f32>(total); }
}
