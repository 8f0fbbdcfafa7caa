// Exact orthogonal matching pursuit from correlations and Gram alone (Batch-OMP, Rubinstein et al. 2008), with row t of
// M = L⁻¹ grown in place, L the Cholesky factor of the support's Gram: no substitution, every entry has its own thread.
// tasks/bench/omp_plain.wgsl says the same plainly; `deno task kernel omp` prints this text as a driver gets it.
// What the text can be (the values are chosen in src/engine/gpu/stages/pursue.ts):
//   HALVES       the search reads H, the Gram in halves, half the bytes; coefficients come from G in float32 still
//   VERIFIED     choices that the halves' error could change are settled in float32: supports are the exact ones
//   PRUNED       Gram rows are read only where what they would change could change the choice
//   CHECKED      VERIFIED or PRUNED: the search is off by `margin` at most; candidates that near are compared exactly
//   STALE        HALVES, PRUNED or WEIGHTED: the chosen atom's correlation is worked out anew from A and G
//   WEIGHS       an atom is weighed against the support: its Gram with it is brought in; always so for OMP
//   WEIGHSFIRST  that is done as soon as the search names an atom, so that a barrier is saved; not where PRUNED
//   BARS         the search looks at what is barred; where PRUNED, correlations of barred atoms are zeros instead
//   POSITIVE     only atoms of positive correlation are candidates
//   WEIGHTED     atoms have factors in the choice
//   SCRATCHA     correlations lie in the workgroup's scratch row; else in registers, VQ words of VE elements a thread
//   SCRATCHM     M lies in scratch memory; else in the workgroup's
//   SUBGROUPS    reductions by subgroup operations; WAVES: how many subgroups there are, where that is known
// Beside them `selection` joins the pivots: the ridge of the choice.
// Bindings: A rows × m4 correlations (SCRATCHA: then from row `scratch` one of m4 a workgroup; WEIGHTED: from element
// `weights` a factor an atom) · G and H m × m4 · bounds, a pair an atom · energies, ‖y‖² as the group found it and of
// the row itself · indices and values, KT slots a row, of which this group fills K from `slot`: at most `most` of them
// with atoms · factors, a triangle a workgroup.
// Dispatch: one workgroup a row, or a fixed number that take rows in turn where scratch memory is theirs.
// Bytes: 4m a row and k(k+1)/2 Gram rows of 4m (PRUNED: at most), mostly from cache. Flops: m·k(k+1) a row.
//#include pursuit
//#if SCRATCHM
//#buffer factors read_write f32
//#end
//#include triangle

var<workgroup> support: array<u32, K>;
var<workgroup> g: array<f32, K>;
var<workgroup> w: array<f32, K>;
var<workgroup> x: array<f32, K>;
//#if PRUNED
const WEIGHTS: u32 = (K + 3u) / 4u * 4u;
var<workgroup> weights: array<vec4<f32>, WEIGHTS / 4u>;
// The coefficients that the search's correlations hold, and how like any other atom those of the support are at most.
var<workgroup> held: array<f32, K>;
var<workgroup> coherences: array<f32, K>;
//#else
var<workgroup> weights: array<f32, K>;
//#end
//#if VERIFIED
// How far the halves of the support's Gram rows are off at most.
var<workgroup> slacks: array<f32, K>;
//#end

fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }

// Atom j's Gram with the support.
fn weigh(j: u32, count: u32) {
  for (var s = t; s < count; s += WG) { g[s] = gram(support[s], j); }
}

// Σ_{r ≤ s} M_sr g_r, four terms in flight.
fn along_row(s: u32) -> f32 {
  var sum = 0.0;
  var r = 0u;
  for (; r + 4u <= s + 1u; r += 4u) {
//#for i in 0..4
    let m$i = factor(s, r + $i);
//#end
    sum += m0 * g[r] + m1 * g[r + 1u] + m2 * g[r + 2u] + m3 * g[r + 3u];
  }
  for (; r <= s; r++) { sum += factor(s, r) * g[r]; }
  return sum;
}

// Σ_{s ≤ r < count} M_rs w_r, four terms in flight.
fn along_column(s: u32, count: u32) -> f32 {
  var sum = 0.0;
  var r = s;
  for (; r + 4u <= count; r += 4u) {
//#for i in 0..4
    let m$i = factor(r + $i, s);
//#end
    sum += m0 * w[r] + m1 * w[r + 1u] + m2 * w[r + 2u] + m3 * w[r + 3u];
  }
  for (; r < count; r++) { sum += factor(r, s) * w[r]; }
  return sum;
}

//#include candidates
//#include verify

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  for (var index = p.begin + group; index < p.rows; index += groups) {
//#include opening
//#if CHECKED
    var rough = 0.0;
//#end
//#if PRUNED
    var due = 0.0;
    var least = 0.0;
    var patience: f32 = $PATIENCE;
    var settled = false;
//#end
    var ended = false;
    loop {
      // All threads know whether the row is over, but they leave where its search finds nothing: the standard can see
      // that they do that together.
      let over = ended || count == p.most || (p.tolerance > 0.0 && energy <= enough);
      var own = NO_CANDIDATE;
//#if PRUNED
//#include subtract_due
//#end
//#include choose
//#if PRUNED
      weigh(j, count);
//#end
      let length = gram(j, j);
//#if STALE
      let whole = A[index * M4 + (j >> 2u)][j & 3u];
//#if PRUNED
      workgroupBarrier();
//#end
      var taken = 0.0;
      for (var s = lane; s < count; s += lanes) { taken += x[s] * g[s]; }
      let correlation = whole - wave_sum(taken);
      ended = bitcast<u32>($SIZE) <= negligible;
//#else
      let correlation = select(1.0, -1.0, (best.y & 1u) == 1u) * bitcast<f32>(best.x);
      if (best.x <= negligible) { break; }
//#end
//#include bar
      for (var s = t; s < count; s += WG) { w[s] = along_row(s); }
      workgroupBarrier();
      var explained = 0.0;
      for (var s = lane; s < count; s += lanes) { explained += w[s] * w[s]; }
      let pivot = length + p.selection - wave_sum(explained);
      // An atom nearly in the span of the support is left out.
      let joins = !ended && !(pivot < $PIVOT);
      if (joins) {
        let scale = inverseSqrt(pivot);
        let step = correlation * scale;
        for (var s = t; s <= count; s += WG) {
          let entry = (select(0.0, 1.0, s == count) - along_column(s, count)) * scale;
          set_factor(count, s, entry);
          x[s] = select(x[s], 0.0, s == count) + step * entry;
//#if PRUNED
          if (s == count) {
            held[s] = 0.0;
            coherences[s] = bounds[j].y;
          }
//#else
          weights[s] = step * entry;
//#end
        }
        if (t == 0u) {
          support[count] = j;
//#if VERIFIED
          slacks[count] = bounds[j].x;
//#end
        }
        energy -= step * step;
        count++;
//#if PRUNED
        least = patience * bitcast<f32>(best.x);
//#end
      }
//#if !PRUNED
      $SYNC;
      if (joins && count < p.most) {
//#if VERIFIED
        var doubt = 0.0;
        for (var s = lane; s < count; s += lanes) {
          rough += abs(weights[s]) * $ROUNDING;
          doubt += abs(x[s]) * slacks[s];
        }
        margin = wave_sum(doubt + rough);
//#end
//#include subtract_support
      }
//#end
    }
//#include closing
  }
}
