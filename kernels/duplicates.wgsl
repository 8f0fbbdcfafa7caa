// Flags atoms too like a more used one (or one as used and of lower index) of their group, a bit an atom.
// Bindings: G m × m4 · usage, one an atom · flags, 32 atoms a word.
// Dispatch: one workgroup an atom. Bytes: 4m an atom.
//#params atoms: u32, atom: u32, row: u32
//#matrix G read
//#buffer usage read u32
//#buffer flags read_write atomic<u32>
//#include entry

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.atoms) { return; }
  let i = p.row + group;
  let own = usage[p.atom + i];
  var found = false;
  for (var c = t; c < $M4; c += WG) {
    let like = abs(G_at(group, c)) > vec4<f32>($COHERENCE);
    if (!any(like)) { continue; }
    for (var e = 0u; e < 4u; e++) {
      let j = 4u * c + e;
      if (!like[e] || j == i || j >= $M) { continue; }
      let other = usage[p.atom + j];
      found = found || other > own || (other == own && j < i);
    }
  }
  let atom = p.atom + i;
  if (found) { atomicOr(&flags[atom >> 5u], 1u << (atom & 31u)); }
}
