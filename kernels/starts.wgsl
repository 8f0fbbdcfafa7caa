// Where each key's list begins, and where its pieces of at most `piece` entries do; with the usage of its atom.
// Bindings: totals, one a key · starts and pieces, keys + 1 · order, atoms by turn · usage, one an atom.
// Dispatch: one workgroup. Bytes: 16 a key.
//#params keys: u32, piece: u32, first: u32
//#buffer totals read u32
//#buffer starts read_write u32
//#if ATOMS
//#buffer pieces read_write u32
//#buffer order read u32
//#buffer usage read_write u32
//#end
//#include entry
var<workgroup> before: array<vec2<u32>, WG>;

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
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
    starts[key] = running.x;
//#if ATOMS
    pieces[key] = running.y;
    usage[order[p.first + key]] = count;
//#end
    running += vec2<u32>(count, (count + p.piece - 1u) / p.piece);
  }
  if (t == WG - 1u) {
    starts[p.keys] = running.x;
//#if ATOMS
    pieces[p.keys] = running.y;
//#end
  }
}
