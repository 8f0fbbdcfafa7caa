// New codes and residual of the rows that an atom batch touches, all from the residual as it was:
// x' = ⟨d', r⟩ + ⟨d', d⟩·x and r ← r + Σ (x·d − x'·d').
// Bindings: R rows × n4 · indices and values, KT slots a row, K from `slot` · D and N m × n4 · turns, one an atom ·
// updates by turn · lists of rows by turn, each row once in a batch, under one of its atoms.
// Dispatch: a fixed number of workgroups that take a run of rows each, so that atoms which rows of a list share are
// close at hand. Bytes: 8n a row touched, and 8n a nonzero (atoms, from cache). Flops: 6n a nonzero.
//#params first: u32, begin: u32, end: u32, slot: u32
//#matrix R read_write
//#buffer indices read u32
//#buffer values read_write f32
//#matrix D read
//#matrix N read
//#buffer turns read u32
//#buffer updates read Update
//#buffer lists read u32
//#include entry
//#include sum_pair
//#include lists
//#include update
const WORDS: u32 = (u32($K) + 31u) / 32u;
// The row's slots that hold atoms of this batch, a bit each, and what they hold, brought in together: one by one they
// would each wait for memory. On two sides in turn, so that threads that are ahead fill the one while the other is
// read.
var<workgroup> touched: array<array<atomic<u32>, WORDS>, 2>;
//#if MANYWORDS
var<workgroup> words: array<u32, WORDS>;
//#end
var<workgroup> atoms: array<array<u32, $K>, 2>;
var<workgroup> kept: array<array<f32, $K>, 2>;
var<workgroup> x: array<array<f32, $K>, 2>;

fn look(slots: u32, side: u32) {
  for (var s = t; s < $K; s += WG) {
    let atom = indices[slots + s];
    let value = values[slots + s];
    if (atom == 0xffffffffu) { continue; }
    let turn = turns[atom] - p.first;
    if (turn < p.begin || turn >= p.end) { continue; }
    let overlap = updates[turn].overlap;
    if (overlap == NONE) { continue; }
    atoms[side][s] = atom;
    kept[side][s] = overlap;
    x[side][s] = value;
    atomicOr(&touched[side][s >> 5u], 1u << (s & 31u));
  }
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let first = lists[p.begin];
  let last = lists[p.end];
  let run = (last - first + groups - 1u) / groups;
//#include elements
  var q = first + group * run;
  let end = min(q + run, last);
  var row = 0u;
  if (q < end) { row = lists[LISTS + q]; }
  for (; q < end; q++) {
    let following = lists[LISTS + min(q + 1u, end - 1u)];
//#for v in 0..V
    let r$v = R_at(row, c$v);
    var next$v = r$v;
//#end
    let slots = row * $KT + p.slot;
    let side = q % 2u;
    look(slots, side);
//#if MANYWORDS
    workgroupBarrier();
    for (var word = t; word < WORDS; word += WG) { words[word] = atomicLoad(&touched[side][word]); }
    var all = workgroupUniformLoad(&words);
    for (var word = 0u; word < WORDS; word++) {
      var bits = all[word];
//#else
    {
      const word = 0u;
      var bits = workgroupUniformLoad(&touched[side][word]);
//#end
      while (bits != 0u) {
        // Two atoms at a time, so that their reads and their sums wait together.
        let s0 = 32u * word + firstTrailingBit(bits);
        bits &= bits - 1u;
        let two = bits != 0u;
        let s1 = select(s0, 32u * word + firstTrailingBit(bits), two);
        bits &= bits - u32(two);
        let atom0 = atoms[side][s0];
        let x0 = x[side][s0];
//#for v in 0..V
        let n0_$v = N_at(atom0, c$v);
        let d0_$v = D_at(atom0, c$v);
        var n1_$v = vec4<f32>();
        var d1_$v = vec4<f32>();
//#end
        let x1 = x[side][s1];
        if (two) {
          let atom1 = atoms[side][s1];
//#for v in 0..V
          n1_$v = N_at(atom1, c$v);
          d1_$v = D_at(atom1, c$v);
//#end
        }
        var own = vec2<f32>();
//#for v in 0..V
        own += select(vec2<f32>(), vec2<f32>(dot(n0_$v, r$v), dot(n1_$v, r$v)), inside$v);
        next$v += x0 * d0_$v + x1 * d1_$v;
//#end
        let along = workgroup_pair(own);
        var coded = along + vec2<f32>(kept[side][s0] * x0, kept[side][s1] * x1);
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
    if (inside$v) { R_put(row, c$v, next$v); }
//#end
    for (var word = t; word < WORDS; word += WG) { atomicStore(&touched[side][word], 0u); }
    row = following;
  }
}
