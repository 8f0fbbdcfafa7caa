//#if HALVES
// ⟨r, d_j⟩ in float32, from the row's correlations and its coefficients so far.
fn exact_correlation(index: u32, j: u32, count: u32) -> f32 {
  var sum = A[index * M4 + (j >> 2u)][j & 3u];
  for (var s = 0u; s < count; s++) { sum -= x[s] * gram(support[s], j); }
  return sum;
}
//#end
//#if VERIFIED
// Candidates that the halves cannot tell apart. Where there are more, correlations are computed anew in float32.
const MOST_FOUND: u32 = 64u;
var<workgroup> found: atomic<u32>;
var<workgroup> found_now: u32;
var<workgroup> candidates: array<u32, MOST_FOUND>;

fn collect(a: vec4<f32>, barred: u32, c: u32, threshold: u32) {
  let size = sizes(a, barred);
  for (var e = 0u; e < 4u; e++) {
    if (size[e] == 0u || size[e] < threshold) { continue; }
    let at = atomicAdd(&found, 1u);
    if (at < MOST_FOUND) { candidates[at] = 4u * c + e; }
  }
}
//#end
