// Raw rows to normalised rows: y = (raw − mean)·scale, padded with zeros to whole elements, with ‖y‖² of each.
// Bindings: raw rows × n floats · mean n4 elements · Y rows × n4 · energies.
// Dispatch: one workgroup a row. Bytes: 8n a row. Flops: 4n a row.
//#params rows: u32, first: u32, scale: f32
//#buffer raw read f32
//#buffer mean read f32
//#matrix Y read_write
//#buffer energies read_write vec2<f32>
//#include entry
//#include sum

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  let row = p.first + group;
  var energy = 0.0;
  for (var c = t; c < $N4; c += WG) {
    // Four floats in flight; the row's last one stands in for those beyond it.
//#for i in 0..4
    let y$i = (raw[group * $N + min(4u * c + $i, $N - 1u)] - mean[4u * c + $i]) * p.scale;
//#end
    let inside = vec4<u32>(4u * c) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>($N);
    let y = select(vec4<f32>(), vec4<f32>(y0, y1, y2, y3), inside);
    Y_put(row, c, y);
    energy += dot(y, y);
  }
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[row] = vec2<f32>(total); }
}
