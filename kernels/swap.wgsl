// Betters supports by exchanging one atom at a time (sequential replacement: A. Miller, Subset Selection in Regression,
// 2002, chapter 3), from correlations and Gram alone. With support I, P = (G_II)⁻¹ and coefficients x = P·a_I, the
// state by atom j is r_j = a_j − Σ x_i G[I_i, j] and v_j = G_jj − G_jI·P·G_Ij. With b_j = Σ P_is G[I_i, j], slot s
// without its atom leaves ‖r‖² larger by the loss x_s²/P_ss, and atom j would lower it by the gain (r_j +
// b_j·x_s/P_ss)²/(v_j + b_j²/P_ss). The atom of the largest gain takes the slot where that exceeds the loss by a
// margin.
// Non-negative supports, already those of a non-negative solution, take it only where all coefficients stay positive.
// Coefficients are solved for afterwards. Supports that are nearly dependent stay as they are.
// Bindings: A rows × m4 correlations, then from row `scratch` two rows of m4 a workgroup · G m × m4 · energies, first
// ‖y‖² as the group found it · indices, KT slots a row, K of them from `slot`.
// Dispatch: a fixed number of workgroups that take rows in turn.
// Bytes: with c atoms in a row, c²/2 + c² a pass + c a swap Gram rows of 4m, mostly from cache. Flops: 2m for each of
// them.
//#params rows: u32, begin: u32, row: u32, slot: u32, atom: u32, passes: u32, scratch: u32
//#buffer A read_write vec4<f32>
//#matrix G read
//#buffer energies read vec2<f32>
//#buffer indices read_write u32
//#if SCRATCHM
//#buffer factors read_write f32
//#end
//#include entry
//#include best
//#include agreed
//#include sizes
const K: u32 = $K;
const KT: u32 = $KT;
const M4: u32 = $M4;
//#include triangle

var<workgroup> support: array<u32, K>;
var<workgroup> right: array<f32, K>;
var<workgroup> x: array<f32, K>;
// P's column of the slot without its atom, G's column of an atom on the support, and P times it.
var<workgroup> column: array<f32, K>;
var<workgroup> g: array<f32, K>;
var<workgroup> q: array<f32, K>;

fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }

fn inverse(i: u32, j: u32) -> f32 { return factor(max(i, j), min(i, j)); }

// Least squares of atom j on the first c atoms of the support, slot s left out: weights in q; gives what they leave of
// it.
fn project(j: u32, c: u32, s: u32) -> f32 {
  for (var i = t; i < c; i += WG) { g[i] = select(gram(support[i], j), 0.0, i == s); }
  workgroupBarrier();
  for (var i = t; i < c; i += WG) {
    var sum = 0.0;
    for (var h = 0u; h < c; h++) { sum += inverse(i, h) * g[h]; }
    q[i] = sum;
  }
  workgroupBarrier();
  if (s < c) {
    let taken = q[s] / column[s];
    workgroupBarrier();
    for (var i = t; i < c; i += WG) { q[i] = select(q[i] - column[i] * taken, 0.0, i == s); }
    workgroupBarrier();
  }
  var pivot = gram(j, j);
  for (var i = 0u; i < c; i++) { pivot -= q[i] * g[i]; }
  return pivot;
}

// P of the support, bordered atom by atom; false where an atom is nearly in the span of the others.
fn invert(count: u32) -> bool {
  var apart = true;
  for (var last = 0u; last < count; last++) {
    let pivot = project(support[last], last, K);
    apart = apart && !(pivot < $PIVOT);
    for (var i = t; i <= last; i += WG) {
      for (var h = 0u; h <= i; h++) {
        if (i == last) {
          set_factor(i, h, select(-q[h] / pivot, 1.0 / pivot, h == last));
        } else {
          set_factor(i, h, factor(i, h) + q[i] * q[h] / pivot);
        }
      }
    }
    $SYNC;
  }
  var most = 0.0;
  for (var i = 0u; i < count; i++) { most = max(most, factor(i, i)); }
  return agreed(u32(apart && most * $PIVOT <= 1.0)) == 1u;
}

// The Gram's diagonal at four atoms; 0 beyond the last.
fn squares(c: u32) -> vec4<f32> {
  var diagonal = vec4<f32>();
  for (var e = 0u; e < 4u; e++) {
    let j = 4u * c + e;
    if (j < $ATOMS) { diagonal[e] = G_at(j, c)[e]; }
  }
  return diagonal;
}

// r and v for the support, by atom.
fn begin(index: u32, count: u32) {
  let state = (p.scratch + 2u * own_group) * M4;
  for (var c = t; c < M4; c += WG) {
    var residual = A[index * M4 + c];
    var room = squares(c);
    for (var i = 0u; i < count; i++) {
      let entry = G_at(support[i], c);
      var sum = vec4<f32>();
      for (var h = 0u; h < i; h++) { sum += factor(i, h) * G_at(support[h], c); }
      residual -= x[i] * entry;
      room -= entry * (factor(i, i) * entry + 2.0 * sum);
    }
    A[state + c] = residual;
    A[state + M4 + c] = room;
  }
}

// b = Σ P_is G[I_i, j] at four atoms, four rows of the Gram in flight.
fn duals(c: u32, count: u32) -> vec4<f32> {
  var dual = vec4<f32>();
  var i = 0u;
  for (; i + 4u <= count; i += 4u) {
//#for h in 0..4
    let entry$h = column[i + $h] * G_at(support[i + $h], c);
//#end
    dual += (entry0 + entry1) + (entry2 + entry3);
  }
  for (; i < count; i++) { dual += column[i] * G_at(support[i], c); }
  return dual;
}

// This thread's best atom for slot s, by its gain, where that is over `least`.
fn candidate(s: u32, count: u32, least: f32) -> vec2<u32> {
  let state = (p.scratch + 2u * own_group) * M4;
  let own = column[s];
  let each = x[s] / own;
  var best = NO_CANDIDATE;
  for (var c = t; c < M4; c += WG) {
    let dual = duals(c, count);
    let correlation = A[state + c] + each * dual;
    let pivot = A[state + M4 + c] + dual * dual / own;
//#if NONNEGATIVE
    let free = (pivot >= vec4<f32>($PIVOT)) & (correlation > vec4<f32>());
//#else
    let free = pivot >= vec4<f32>($PIVOT);
//#end
    best = consider(best, select(vec4<f32>(), correlation * correlation / pivot, free), 0u, c);
  }
  return select(best, NO_CANDIDATE, bitcast<f32>(best.x) <= least);
}

// Puts atom j, whose weights on the others are in q, into slot s.
fn exchange(index: u32, count: u32, s: u32, j: u32, pivot: f32, value: f32) {
  let state = (p.scratch + 2u * own_group) * M4;
  let own = column[s];
  let each = x[s] / own;
  for (var c = t; c < M4; c += WG) {
    let dual = duals(c, count);
    var fresh = G_at(j, c);
    for (var i = 0u; i < count; i++) { fresh -= q[i] * G_at(support[i], c); }
    A[state + c] += each * dual - value * fresh;
    A[state + M4 + c] += dual * dual / own - fresh * fresh / pivot;
  }
  workgroupBarrier();
  for (var i = t; i < count; i += WG) {
    x[i] = select(x[i] - column[i] * each - q[i] * value, value, i == s);
    let weight = select(q[i], -1.0, i == s);
    for (var h = 0u; h <= i; h++) {
      let rest = factor(i, h) - column[i] * column[h] / own;
      let other = select(q[h], -1.0, h == s);
      set_factor(i, h, select(rest, 0.0, i == s || h == s) + weight * other / pivot);
    }
  }
  if (t == 0u) {
    support[s] = j;
    right[s] = A[index * M4 + (j >> 2u)][j & 3u];
  }
  $SYNC;
}

// True where every coefficient would be positive with another atom in slot s.
fn stays_positive(count: u32, s: u32, value: f32) -> bool {
  let each = x[s] / column[s];
  var least = value;
  for (var i = 0u; i < count; i++) {
    if (i != s) { least = min(least, x[i] - column[i] * each - q[i] * value); }
  }
  return least > 0.0;
}

// Visits slot s; true where it took another atom.
fn visit(index: u32, count: u32, s: u32, floor: f32) -> bool {
  for (var i = t; i < count; i += WG) { column[i] = inverse(i, s); }
  workgroupBarrier();
  let least = (1.0 + $MARGIN) * x[s] * x[s] / column[s] + floor;
  let best = workgroup_best(candidate(s, count, least));
  if (best.x == 0u) { return false; }
  let j = best.y >> 1u;
  let pivot = project(j, count, s);
  var left = A[index * M4 + (j >> 2u)][j & 3u];
  for (var i = 0u; i < count; i++) { left -= q[i] * right[i]; }
  let value = left / pivot;
  var taken = pivot >= $PIVOT && left * value > least;
//#if NONNEGATIVE
  taken = taken && stays_positive(count, s, value);
//#end
  if (agreed(u32(taken)) == 0u) { return false; }
  exchange(index, count, s, j, pivot, value);
  return true;
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  for (var index = p.begin + group; index < p.rows; index += groups) {
//#include found
    let count = workgroup_best(vec2<u32>(own, 0u)).x;
    if (invert(count)) {
      for (var i = t; i < count; i += WG) {
        var sum = 0.0;
        for (var h = 0u; h < count; h++) { sum += inverse(i, h) * right[h]; }
        x[i] = sum;
      }
      workgroupBarrier();
      begin(index, count);
      let floor = $SHARE * energies[row].x;
      // Slots visited since the last swap, its own among them: nothing is left to find when these are all.
      var settled = 0u;
      for (var turn = 0u; turn < p.passes && settled < count; turn++) {
        for (var s = 0u; s < count && settled < count; s++) {
          settled = select(settled + 1u, 1u, visit(index, count, s, floor));
        }
      }
      for (var s = t; s < count; s += WG) { indices[slots + s] = p.atom + support[s]; }
    }
    $SYNC;
  }
}
