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
//#include sum
const NONE = -2.0;
const OTHER: u32 = 0xffffffffu;
// Which of the row's slots hold atoms of this batch, brought in together: one by one they would each wait for memory.
var<workgroup> atoms: array<u32, $K>;
var<workgroup> kept: array<f32, $K>;
var<workgroup> x: array<f32, $K>;

fn look(slots: u32) {
  for (var s = t; s < $K; s += WG) {
    var atom = indices[slots + s];
    if (atom != OTHER) {
      let turn = turns[atom] - p.first;
      if (turn < p.begin || turn >= p.end) {
        atom = OTHER;
      } else {
        kept[s] = overlaps[turn];
        x[s] = values[slots + s];
        if (kept[s] == NONE) { atom = OTHER; }
      }
    }
    atoms[s] = atom;
  }
}

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  let end = starts[p.batch + 1u];
//#for v in 0..V
  let c$v = t + $v * WG;
//#end
  for (var q = starts[p.batch] + group; q < end; q += groups) {
    let row = lists[q];
//#for v in 0..V
    var r$v = vec4<f32>();
    if (c$v < $N4) { r$v = R_at(row, c$v); }
    var next$v = r$v;
//#end
    let slots = row * $KT + p.slot;
    look(slots);
    workgroupBarrier();
    for (var s = 0u; s < $K; s++) {
      let atom = atoms[s];
      if (atom == OTHER) { continue; }
      var own = 0.0;
//#for v in 0..V
      var n$v = vec4<f32>();
      var d$v = vec4<f32>();
      if (c$v < $N4) {
        n$v = N_at(atom, c$v);
        d$v = D_at(atom, c$v);
      }
      own += dot(n$v, r$v);
//#end
//#if NONNEGATIVE
      let coded = max(0.0, workgroup_sum(own) + kept[s] * x[s]);
//#else
      let coded = workgroup_sum(own) + kept[s] * x[s];
//#end
//#for v in 0..V
      next$v += x[s] * d$v - coded * n$v;
//#end
      if (t == 0u) { values[slots + s] = coded; }
    }
//#for v in 0..V
    if (c$v < $N4) { R_put(row, c$v, next$v); }
//#end
    workgroupBarrier();
  }
}
