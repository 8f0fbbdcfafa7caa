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
// The row's slots that hold atoms of this batch, a bit each, and how many they are: on two sides in turn, so that the
// one is made ready while the other is read. What they hold is brought in together: one by one they would each wait for
// memory.
var<workgroup> touched: array<array<atomic<u32>, WORDS>, 2>;
var<workgroup> touches: array<atomic<u32>, 2>;
var<workgroup> atoms: array<u32, $K>;
var<workgroup> kept: array<f32, $K>;
var<workgroup> x: array<f32, $K>;

fn look(slots: u32, side: u32) {
  for (var s = t; s < $K; s += WG) {
    let atom = indices[slots + s];
    let value = values[slots + s];
    if (atom == 0xffffffffu) { continue; }
    let turn = turns[atom] - p.first;
    if (turn < p.begin || turn >= p.end) { continue; }
    let overlap = updates[turn].overlap;
    if (overlap == NONE) { continue; }
    atoms[s] = atom;
    kept[s] = overlap;
    x[s] = value;
    atomicOr(&touched[side][s >> 5u], 1u << (s & 31u));
    atomicAdd(&touches[side], 1u);
  }
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let first = lists[p.begin];
  let last = lists[p.end];
  let run = (last - first + groups - 1u) / groups;
  var side = 0u;
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
    look(slots, side);
    let count = workgroupUniformLoad(&touches[side]);
    for (var word = t; word < WORDS; word += WG) { atomicStore(&touched[1u - side][word], 0u); }
    if (t == 0u) { atomicStore(&touches[1u - side], 0u); }
    var word = 0u;
    var bits = atomicLoad(&touched[side][0]);
    for (var done = 0u; done < count; done += 2u) {
      // Two atoms at a time, so that their reads and their sums wait together.
      while (bits == 0u) {
        word++;
        bits = atomicLoad(&touched[side][word]);
      }
      let s0 = 32u * word + firstTrailingBit(bits);
      bits &= bits - 1u;
      let two = done + 1u < count;
      while (two && bits == 0u) {
        word++;
        bits = atomicLoad(&touched[side][word]);
      }
      let s1 = select(s0, 32u * word + firstTrailingBit(bits), two);
      bits &= bits - u32(two);
      let atom0 = atoms[s0];
      let x0 = x[s0];
//#for v in 0..V
      let n0_$v = N_at(atom0, c$v);
      let d0_$v = D_at(atom0, c$v);
      var n1_$v = vec4<f32>();
      var d1_$v = vec4<f32>();
//#end
      let x1 = x[s1];
      if (two) {
        let atom1 = atoms[s1];
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
      var coded = along + vec2<f32>(kept[s0] * x0, kept[s1] * x1);
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
//#for v in 0..V
    if (inside$v) { R_put(row, c$v, next$v); }
//#end
    row = following;
    side = 1u - side;
    workgroupBarrier();
  }
}
