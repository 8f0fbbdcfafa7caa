// Σ over the pieces of each atom's list, for sums that several processes add up before atom_normalise takes them.
// Bindings: sums, pieces × n4 (or `chunks` for each atom) · alongs · lists and updates by turn · N m × n4, where each
// atom's sum goes · totals by turn, Σ x_i·(x_i as coded).
// Dispatch: one workgroup an atom of the batch. Bytes: 4n a piece and 4n an atom.
//#params begin: u32, end: u32, chunks: u32
//#matrix sums read
//#buffer alongs read f32
//#buffer lists read u32
//#matrix N read_write
//#buffer updates read Update
//#buffer totals read_write f32
//#include entry
//#include sum
//#include lists
//#include update

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let turn = p.begin + group;
  if (turn >= p.end) { return; }
  let atom = updates[turn].atom;
//#include pieces
//#for v in 0..V
  if (inside$v) { N_put(atom, c$v, v$v); }
//#end
  if (t == 0u) { totals[turn] = along; }
}
