// Matching pursuit from correlations and Gram alone (Mallat and Zhang 1993): one Gram row a step, repeats accumulate.
// With HALVES the search reads the Gram in halves; supports stay exact where it is VERIFIED, coefficients always do.
// Bindings: A rows × m4 correlations (SCRATCHA: then from row `scratch` one of m4 a workgroup) · G and H m × m4 ·
// bounds, a pair an atom · energies, ‖y‖² as the group found it and of the row itself · indices and values, KT slots a
// row, of which this group fills K from `slot`: at most `most` of them with atoms.
// Dispatch: one workgroup a row, or a fixed number that take rows in turn where scratch memory is theirs.
// Bytes: 4m a row and a Gram row of 4m a step, mostly from cache. Flops: 2m a step.
//#include pursuit

var<workgroup> support: array<u32, K>;
var<workgroup> x: array<f32, K>;
//#if HALVES
var<workgroup> parts: array<f32, K>;

fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }

// What the support takes from atom j's correlation.
fn weigh(j: u32, count: u32) {
  for (var s = t; s < count; s += WG) { parts[s] = x[s] * gram(support[s], j); }
}
//#end

//#include candidates
//#include verify

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  for (var index = p.begin + group; index < p.rows; index += groups) {
//#include opening
    var ended = false;
    for (var turn = 0u;; turn++) {
      // All threads know whether the row is over, but they leave where its search finds nothing: the standard can see
      // that they do that together.
      let over = ended || turn == p.most * $STEPS || (p.tolerance > 0.0 && energy <= enough);
      var own = NO_CANDIDATE;
//#include choose
//#if HALVES
      var taken = 0.0;
      for (var s = lane; s < count; s += lanes) { taken += parts[s]; }
      let weight = A[index * M4 + (j >> 2u)][j & 3u] - wave_sum(taken);
      ended = bitcast<u32>($SIZE) <= negligible;
//#else
      let weight = select(1.0, -1.0, (best.y & 1u) == 1u) * bitcast<f32>(best.x);
      if (best.x <= negligible) { break; }
//#end
      // The slot that holds this atom already, if any.
      var known = K;
      for (var s = lane; s < count; s += lanes) {
        if (support[s] == j) { known = s; }
      }
      let slot = wave_min(known);
      ended = ended || (slot == K && count == p.most);
      if (!ended) {
        if (t == 0u) {
          if (slot == K) {
            support[count] = j;
            x[count] = weight;
          } else {
            x[slot] += weight;
          }
        }
        if (slot == K) { count++; }
        energy -= weight * weight;
//#if VERIFIED
        margin += abs(weight) * (bounds[j].x + $ROUNDING);
//#end
        let atom = j;
//#include subtract
      }
    }
//#include closing
  }
}
