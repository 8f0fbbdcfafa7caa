// One step of a pursuit that holds residuals instead of a Gram: for k so large that Gram rows cost more than a product
// of the residuals with the atoms, and where a Gram does not fit. A are the correlations of the residuals W.
// Bindings: A rows × m4 (WEIGHTED: then from element `weights` a factor an atom) · D m × n4 · W rows × n4 · states by
// row · energies by row of the batch · indices and values, KT slots a row, K from `slot` · factors (OMP), a triangle M
// = L⁻¹ by row.
// Dispatch: one workgroup a row. Bytes: 4m a row, and in step t 8n·t (OMP) or 8n (MP). Flops: 4n·t (OMP) or 2n a row.
//#params rows: u32, row: u32, slot: u32, atom: u32, tolerance: f32, threshold: f32, most: u32, step: u32, weights: u32, selection: f32
//#buffer A read vec4<f32>
//#matrix D read
//#matrix W read_write
//#buffer states read_write u32
//#buffer energies read vec2<f32>
//#buffer indices read_write u32
//#buffer values read_write f32
//#if OMP
//#buffer factors read_write f32
//#end
//#include entry
//#include best
//#include sum
//#include agreed
//#include sizes
const K: u32 = $K;
const DONE: u32 = 0xffffffffu;
// A row's state: ‖r‖², the atoms so far (DONE where it is done), a bit for each atom that may not be chosen.
const COUNT: u32 = 1u;
const BARRED: u32 = 2u;
const WORDS: u32 = $BARWORDS;
const STATE: u32 = BARRED + WORDS;
const TRIANGLE: u32 = K * (K + 1u) / 2u;

var<workgroup> g: array<f32, K>;
var<workgroup> w: array<f32, K>;
var<workgroup> known: u32;

fn place(i: u32, j: u32) -> u32 { return own_group * TRIANGLE + i * (i + 1u) / 2u + j; }

fn begin(row: u32, slots: u32) {
  if (p.step > 0u) { return; }
  for (var s = t; s < K; s += WG) {
    indices[slots + s] = DONE;
    values[slots + s] = 0.0;
  }
  let state = own_group * STATE;
  for (var b = t; b < WORDS; b += WG) { states[state + BARRED + b] = 0u; }
  if (t == 0u) {
    states[state] = bitcast<u32>(energies[row].x);
    states[state + COUNT] = 0u;
  }
}

// r ← r − weight·d_atom
fn subtract_atom(weight: f32, atom: u32) {
  for (var c = t; c < $N4; c += WG) {
    W_put(own_group, c, W_at(own_group, c) - weight * D_at(atom, c));
  }
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  let row = p.row + group;
  let slots = row * $KT + p.slot;
  begin(row, slots);
  storageBarrier();
  workgroupBarrier();
  let state = group * STATE;
  let found = states[state + COUNT];
  let whole = energies[row].y;
  let enough = p.tolerance * p.tolerance * whole;
  let energy = bitcast<f32>(states[state]);
  let negligible = bitcast<u32>(max($FLOOR * sqrt(whole), p.threshold));
//#if OMP
  let over = found == p.most || (p.tolerance > 0.0 && energy <= enough);
//#else
  let over = p.tolerance > 0.0 && energy <= enough;
//#end
  let count = agreed(select(found, DONE, over));
  if (count == DONE) { return; }
//#if OMP
  loop {
    var own = NO_CANDIDATE;
    for (var c = t; c < $M4; c += WG) {
      let word = states[state + BARRED + (c >> 3u)] >> ((c & 7u) * 4u);
      own = consider(own, A[group * $M4 + c], word, c);
    }
    let best = workgroup_best(own);
    if (best.x <= negligible) {
      if (t == 0u) { states[state + COUNT] = DONE; }
      break;
    }
    let j = best.y >> 1u;
    if (t == 0u) { states[state + BARRED + (j >> 5u)] |= 1u << (j & 31u); }
    for (var s = 0u; s < count; s++) {
      let atom = indices[slots + s];
      var part = 0.0;
      for (var c = t; c < $N4; c += WG) { part += dot(D_at(atom, c), D_at(p.atom + j, c)); }
      let entry = workgroup_sum(part);
      if (t == 0u) { g[s] = entry; }
    }
    var part = 0.0;
    for (var c = t; c < $N4; c += WG) {
      let d = D_at(p.atom + j, c);
      part += dot(d, d);
    }
    var pivot = workgroup_sum(part) + p.selection;
    for (var s = t; s < count; s += WG) {
      var sum = 0.0;
      for (var r = 0u; r <= s; r++) { sum += factors[place(s, r)] * g[r]; }
      w[s] = sum;
    }
    storageBarrier();
    workgroupBarrier();
    for (var s = 0u; s < count; s++) { pivot -= w[s] * w[s]; }
    // An atom nearly in the span of the support is left out, and another one looked for.
    let joins = !(pivot < $PIVOT);
    let scale = inverseSqrt(pivot);
    let size = A[group * $M4 + (j >> 2u)][j & 3u] * scale;
    for (var s = select(count + 1u, t, joins); s <= count; s += WG) {
      var sum = select(0.0, -1.0, s == count);
      for (var r = s; r < count; r++) { sum += w[r] * factors[place(r, s)]; }
      let entry = -sum * scale;
      factors[place(count, s)] = entry;
      g[s] = size * entry;
      values[slots + s] += size * entry;
    }
    if (t == 0u && joins) {
      indices[slots + count] = p.atom + j;
      states[state] = bitcast<u32>(energy - size * size);
      states[state + COUNT] = count + 1u;
    }
    storageBarrier();
    if (agreed(u32(joins)) == 0u) { continue; }
    for (var s = 0u; s <= count; s++) { subtract_atom(g[s], indices[slots + s]); }
    break;
  }
//#else
  var own = NO_CANDIDATE;
  for (var c = t; c < $M4; c += WG) { own = consider(own, A[group * $M4 + c], 0u, c); }
  let best = workgroup_best(own);
  let atom = p.atom + (best.y >> 1u);
  let weight = select(1.0, -1.0, (best.y & 1u) == 1u) * bitcast<f32>(best.x);
  if (t == 0u) { known = count; }
  workgroupBarrier();
  for (var s = t; s < count; s += WG) {
    if (indices[slots + s] == atom) { known = s; }
  }
  workgroupBarrier();
  if (best.x <= negligible || known == p.most) {
    if (t == 0u) { states[state + COUNT] = DONE; }
    return;
  }
  if (t == 0u) {
    indices[slots + known] = atom;
    values[slots + known] += weight;
    states[state] = bitcast<u32>(energy - weight * weight);
    if (known == count) { states[state + COUNT] = count + 1u; }
  }
  subtract_atom(weight, atom);
//#end
}
