// Exact K-SVD's atom: power steps on E = R + x·dᵀ, never formed, until ‖Δd‖ < CHANGE, tested here. A dispatch takes the
// steps from `begin` to `end`; one whose predecessor has converged does nothing.
// Bindings: R rows × n4 · values, KT slots a row · lists of slots and updates by turn · D and N m × n4 ·
// trial, one a row · weights, one an atom.
// Dispatch: one workgroup. Bytes: 8n a nonzero and step, mostly from cache. Flops: 4n a nonzero and step.
//#params turn: u32, memory: f32, begin: u32, end: u32
//#matrix R read
//#buffer values read f32
//#buffer lists read u32
//#matrix D read
//#matrix N read_write
//#buffer updates read_write Update
//#buffer trial read_write f32
//#buffer weights read_write f32
//#include entry
//#include sum
//#include agreed
//#include lists
//#include update

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let update = updates[p.turn];
  let atom = update.atom;
  let begin = lists[p.turn];
  let end = lists[p.turn + 1u];
  let converged = p.begin > 0u && update.done == 1u;
  let held = select(update.carried, p.memory * weights[atom], p.begin == 0u);
  if (agreed(u32(converged)) == 1u) { return; }
  if (t == 0u) {
    updates[p.turn].carried = held;
    if (begin == end) { weights[atom] = held; }
  }
  var overlap = select(update.overlap, 1.0, p.begin == 0u);
  var moves = begin < end;
  var settled = false;
  var going = moves;
//#for v in 0..V
  let c$v = t + $v * WG;
  var d$v = vec4<f32>();
  if (c$v < $N4) { d$v = D_at(atom, c$v); }
  var n$v = d$v;
  if (p.begin > 0u && c$v < $N4) { n$v = N_at(atom, c$v); }
//#end
  for (var step = p.begin; step < p.end && going; step++) {
    // A thread takes whole rows: x̃_i = ⟨d', R_i⟩ + ⟨d', d⟩·x_i; the first step uses the codes.
    var along = 0.0;
    for (var q = begin + t; q < end; q += WG) {
      let slot = lists[LISTS + q];
      let x = values[slot];
      var weight = x;
      if (step > 0u) {
        var sum = vec4<f32>();
        for (var c = 0u; c < $N4; c++) { sum = fma(N_at(atom, c), R_at(slot / $KT, c), sum); }
        weight = dot(sum, vec4<f32>(1.0)) + overlap * x;
      }
      trial[q - begin] = weight;
      along += weight * x;
    }
    storageBarrier();
    let total = workgroup_sum(along) + held;
    if (t == 0u && step == 0u) { weights[atom] = total; }
    // A thread takes whole columns: v = Σ x̃_i R_i + d·Σ x̃_i x_i.
    var own = 0.0;
//#for v in 0..V
    var v$v = total * d$v;
    if (c$v < $N4) {
      for (var q = begin; q < end; q++) {
        v$v = fma(vec4<f32>(trial[q - begin]), R_at(lists[LISTS + q] / $KT, c$v), v$v);
      }
    }
    own += dot(v$v, v$v);
//#end
    let norm = sqrt(workgroup_sum(own));
    moves = norm >= $VANISHING;
    var change = 0.0;
    var across = 0.0;
    if (moves) {
//#for v in 0..V
      v$v = v$v / norm;
      change += dot(v$v - n$v, v$v - n$v);
      across += dot(v$v, d$v);
      n$v = v$v;
      if (c$v < $N4) { N_put(atom, c$v, n$v); }
//#end
    }
    storageBarrier();
    overlap = workgroup_sum(across);
    settled = sqrt(workgroup_sum(change)) < $EXACTCHANGE;
    going = agreed(u32(moves && !settled)) == 1u;
  }
  if (!moves) {
//#for v in 0..V
    if (c$v < $N4) { N_put(atom, c$v, d$v); }
//#end
  }
  if (t == 0u) {
    updates[p.turn].overlap = select(NONE, overlap, moves);
    updates[p.turn].done = u32(settled || !moves);
  }
}
