// Normalised rows to halves for keeping between passes: each row divided by its largest value, which is kept beside it.
// Bindings: Y rows × n4 · H rows × n4 halves · largest, one a row.
// Dispatch: one workgroup a row. Bytes: 6n a row (and 4n read twice from cache).
//#params rows: u32
//#matrix Y read
//#matrix H read_write
//#buffer largest read_write f32
//#include entry
//#include maximum

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
//#include row_maximum
  let factor = select(0.0, 1.0 / most, most > 0.0);
  for (var c = t; c < $N4; c += WG) {
    H_put(group, c, Y_at(group, c) * factor);
  }
  if (t == 0u) { largest[group] = most; }
}
