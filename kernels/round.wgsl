// Rows rounded as keeping them in halves would round them, so that streamed rows train as kept ones do.
// Bindings: Y rows × n4, in place · energies ‖y‖².
// Dispatch: one workgroup a row. Bytes: 8n a row (and 4n read twice from cache).
//#params rows: u32
//#matrix Y read_write
//#buffer energies read_write vec2<f32>
//#include entry
//#include maximum
//#include sum

fn rounded(v: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(pack2x16float(v.xy)), unpack2x16float(pack2x16float(v.zw)));
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
//#include row_maximum
  let factor = select(0.0, 1.0 / most, most > 0.0);
  var energy = 0.0;
  for (var c = t; c < $N4; c += WG) {
    let y = rounded(Y_at(group, c) * factor) * most;
    Y_put(group, c, y);
    energy += dot(y, y);
  }
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[group] = vec2<f32>(total); }
}
