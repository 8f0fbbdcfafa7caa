// New codes and residual of the rows that an atom batch touches, all from the residual as it was:
// x' = ⟨d', r⟩ + ⟨d', d⟩·x and r ← r + Σ (x·d − x'·d').
// Bindings: R rows × n4 · indices and values, KT slots a row, K from `slot` · D and N m × n4 · turns, one an atom ·
// overlaps by turn · starts of the batches' lists · lists of rows.
// Dispatch: a fixed number of workgroups that take rows in turn. Bytes: 8n a row touched, and 8n a nonzero (atoms, from
// cache). Flops: 6n a nonzero.
//#params first: u32, begin: u32, end: u32, batch: u32, slot: u32
//#matrix R read_write
//#buffer indices read u32
//#buffer values read_write f32
//#matrix D read
//#matrix N read
//#buffer turns read u32
//#buffer overlaps read f32
//#buffer starts read u32
//#buffer lists read u32
//#include entry
//#include sum_pair
const NONE = -2.0;
const WORDS: u32 = (u32($K) + 31u) / 32u;
// The row's slots that hold atoms of this batch, a bit each: on two sides in turn, so that the one is made ready while the
// other is read. What they hold is brought in together: one by one they would each wait for memory.
var<workgroup> touched: array<array<atomic<u32>, WORDS>, 2>;
var<workgroup> atoms: array<u32, $K>;
var<workgroup> kept: array<f32, $K>;
var<workgroup> x: array<f32, $K>;

fn look(slots: u32, side: u32) {
  for (var s = t; s < $K; s += WG) {
    let atom = indices[slots + s];
    if (atom == 0xffffffffu) { continue; }
    let turn = turns[atom] - p.first;
    if (turn < p.begin || turn >= p.end) { continue; }
    let overlap = overlaps[turn];
    if (overlap == NONE) { continue; }
    atoms[s] = atom;
    kept[s] = overlap;
    x[s] = values[slots + s];
    atomicOr(&touched[side][s >> 5u], 1u << (s & 31u));
  }
}

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  let end = starts[p.batch + 1u];
  var side = 0u;
//#for v in 0..V
  let c$v = t + $v * WG;
//#end
  var q = starts[p.batch] + group;
  var row = 0u;
  if (q < end) { row = lists[q]; }
  for (; q < end; q += groups) {
    let following = lists[min(q + groups, end - 1u)];
//#for v in 0..V
    var r$v = vec4<f32>();
    if (c$v < $N4) { r$v = R_at(row, c$v); }
    var next$v = r$v;
//#end
    let slots = row * $KT + p.slot;
    look(slots, side);
    workgroupBarrier();
    for (var word = t; word < WORDS; word += WG) { atomicStore(&touched[1u - side][word], 0u); }
    for (var word = 0u; word < WORDS; word++) {
      var bits = atomicLoad(&touched[side][word]);
      while (bits != 0u) {
        // Two atoms at a time, so that their reads and their sums wait together.
        let s0 = 32u * word + firstTrailingBit(bits);
        bits &= bits - 1u;
        let two = bits != 0u;
        let s1 = select(s0, 32u * word + firstTrailingBit(bits), two);
        bits &= bits - u32(two);
        var own = vec2<f32>();
//#for v in 0..V
        var n0_$v = vec4<f32>();
        var n1_$v = vec4<f32>();
        if (c$v < $N4) {
          n0_$v = N_at(atoms[s0], c$v);
          next$v += x[s0] * D_at(atoms[s0], c$v);
          if (two) {
            n1_$v = N_at(atoms[s1], c$v);
            next$v += x[s1] * D_at(atoms[s1], c$v);
          }
        }
        own += vec2<f32>(dot(n0_$v, r$v), dot(n1_$v, r$v));
//#end
        let along = workgroup_pair(own);
        var coded = along + vec2<f32>(kept[s0] * x[s0], kept[s1] * x[s1]);
//#if NONNEGATIVE
        coded = max(vec2<f32>(), coded);
//#end
//#for v in 0..V
        next$v -= coded.x * n0_$v + coded.y * n1_$v;
//#end
        if (t == 0u) {
          values[slots + s0] = coded.x;
          if (two) { values[slots + s1] = coded.y; }
        }
      }
    }
//#for v in 0..V
    if (c$v < $N4) { R_put(row, c$v, next$v); }
//#end
    row = following;
    side = 1u - side;
    workgroupBarrier();
  }
}
