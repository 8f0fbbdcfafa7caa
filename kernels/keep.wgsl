// Normalised rows to a place of their own, for keeping between passes.
// Bindings: Y rows × n4 · H rows × n4. Dispatch: one workgroup a row. Bytes: 8n a row.
//#params rows: u32
//#matrix Y read
//#matrix H read_write
//#include entry

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  for (var c = t; c < $N4; c += WG) { H_put(group, c, Y_at(group, c)); }
}
