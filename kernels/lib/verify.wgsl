//#if VERIFIED
// ⟨r, d_j⟩ in float32, from the row's correlations and its coefficients so far: a wave works on one.
fn exact_correlation(index: u32, j: u32, count: u32) -> f32 {
  var taken = 0.0;
  for (var s = lane; s < count; s += lanes) { taken += x[s] * gram(support[s], j); }
  return A[index * M4 + (j >> 2u)][j & 3u] - wave_sum(taken);
}

// Candidates that the halves cannot tell apart. Where there are more, correlations are computed anew in float32.
const MOST_FOUND: u32 = 64u;
// Counted on two sides in turn: the one is made ready while the other is read.
var<workgroup> found: array<atomic<u32>, 2>;
var<private> found_side: u32;
var<workgroup> candidates: array<u32, MOST_FOUND>;

fn collect(a: vec4<f32>, barred: u32, c: u32, threshold: f32) {
  let size = sizes(a, barred);
//#for e in 0..4
  if (size[$e] > 0.0 && size[$e] >= threshold) {
    let at = atomicAdd(&found[found_side], 1u);
    if (at < MOST_FOUND) { candidates[at] = 4u * c + $e; }
  }
//#end
}
//#end
