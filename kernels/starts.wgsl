// Where each key's list begins, and where its pieces of at most `piece` entries do; with the atom of each turn and its
// usage.
// Bindings: totals, one a key · lists · order, atoms by turn · usage, one an atom · updates by turn.
// Dispatch: one workgroup. Bytes: 16 a key.
//#params keys: u32, piece: u32, first: u32
//#buffer totals read u32
//#buffer lists read_write u32
//#if ATOMS
//#buffer order read u32
//#buffer usage read_write u32
//#buffer updates read_write Update
//#include update
//#end
//#include entry
//#include lists
var<workgroup> before: array<vec2<u32>, WG>;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let run = (p.keys + WG - 1u) / WG;
  let begin = min(t * run, p.keys);
  let end = min(begin + run, p.keys);
  var sum = vec2<u32>();
  for (var key = begin; key < end; key++) {
    let count = totals[key];
    sum += vec2<u32>(count, (count + p.piece - 1u) / p.piece);
  }
  before[t] = sum;
  workgroupBarrier();
  var running = vec2<u32>();
  for (var i = 0u; i < t; i++) { running += before[i]; }
  for (var key = begin; key < end; key++) {
    let count = totals[key];
    lists[key] = running.x;
//#if ATOMS
    let atom = order[p.first + key];
    lists[PIECES + key] = running.y;
    usage[atom] = count;
    updates[key].atom = atom;
    updates[key].uses = count;
//#end
    running += vec2<u32>(count, (count + p.piece - 1u) / p.piece);
  }
  if (t == WG - 1u) {
    lists[p.keys] = running.x;
//#if ATOMS
    lists[PIECES + p.keys] = running.y;
//#end
  }
}
