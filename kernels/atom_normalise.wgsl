// d' = v/‖v‖ with v = Σ pieces + d·(Σ alongs + ρ·w), and ⟨d', d⟩; an atom without samples or direction stays (overlap
// NONE). The first step turns the atom's weight w into ρ·w + Σ alongs, and leaves ρ·w for the others.
// Bindings: sums, pieces × n4 (or `chunks` for each atom) · alongs · lists and updates by turn · D and N m × n4 ·
// weights, one an atom.
// Dispatch: one workgroup an atom of the batch. Bytes: 4n a piece and 12n an atom.
//#params begin: u32, end: u32, again: u32, memory: f32, chunks: u32
//#matrix sums read
//#buffer alongs read f32
//#buffer lists read u32
//#matrix D read
//#matrix N read_write
//#buffer updates read_write Update
//#buffer weights read_write f32
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
  let first = p.again == 0u;
  let held = select(updates[turn].carried, p.memory * weights[atom], first);
  workgroupBarrier();
  if (t == 0u && first) {
    updates[turn].carried = held;
    weights[atom] = held + along;
  }
  along += held;
//#for v in 0..V
  let d$v = D_at(atom, c$v);
//#end
  var own = 0.0;
  var across = 0.0;
//#for v in 0..V
  v$v += along * d$v;
  own += select(0.0, dot(v$v, v$v), inside$v);
  across += select(0.0, dot(v$v, d$v), inside$v);
//#end
  let norm = sqrt(workgroup_sum(own));
  let overlap = workgroup_sum(across) / norm;
  let gone = !first && updates[turn].overlap == NONE;
  workgroupBarrier();
  let moves = updates[turn].uses > 0u && norm >= $VANISHING && !gone;
//#for v in 0..V
  if (inside$v) {
    if (moves) { N_put(atom, c$v, v$v / norm); } else { N_put(atom, c$v, d$v); }
  }
//#end
  if (t == 0u) { updates[turn].overlap = select(NONE, overlap, moves); }
}
