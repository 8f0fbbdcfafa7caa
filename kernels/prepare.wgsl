// Raw rows to normalised rows: y = (raw − mean)·scale, padded with zeros to whole elements, with ‖y‖² of each.
// Bindings: raw rows × n floats · mean n4 elements · Y rows × n4 · energies.
// Dispatch: one workgroup a row. Bytes: 8n a row. Flops: 4n a row.
//#params rows: u32, first: u32, scale: f32
//#buffer raw read f32
//#buffer mean read f32
//#matrix Y read_write
//#buffer energies read_write f32
//#include entry
//#include sum

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  if (group >= p.rows) { return; }
  let row = p.first + group;
  var energy = 0.0;
  for (var c = t; c < $N4; c += WG) {
    var y = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
      let column = 4u * c + i;
      if (column < $N) {
        y[i] = (raw[group * $N + column] - mean[column]) * p.scale;
      }
    }
    Y_put(row, c, y);
    energy += dot(y, y);
  }
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[row] = total; }
}
