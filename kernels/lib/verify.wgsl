// Compares candidates that the search cannot tell apart by their correlations in float32.
// Declares: CHECKED: near, collect, best_of, best_found. Needs: best, sizes, wave, support, x, gram(i, j).
//#if CHECKED
// Candidates that the search cannot tell apart.
const MOST_FOUND: u32 = $MOSTFOUND;
var<workgroup> found: atomic<u32>;
var<workgroup> candidates: array<u32, MOST_FOUND>;

// Which of element c's four atoms come near: a bit each.
fn near(a: vec4<f32>, barred: u32, c: u32, threshold: f32) -> u32 {
  let size = sizes(a, barred, c);
  let bits = select(vec4<u32>(), vec4<u32>(1u, 2u, 4u, 8u), size >= vec4<f32>(threshold));
  return bits.x | bits.y | bits.z | bits.w;
}

// The atom of the lowest bit, where elements c, c + WG and so on have four each.
fn lowest(bits: u32, c: u32) -> u32 {
  let bit = firstTrailingBit(bits);
  return 4u * (c + (bit >> 2u) * WG) + (bit & 3u);
}

// Puts those candidates on the list.
fn collect(bits: u32, c: u32) {
  if (bits == 0u) { return; }
  var at = atomicAdd(&found, countOneBits(bits));
  for (var left = bits; left != 0u && at < MOST_FOUND; left &= left - 1u) {
    candidates[at] = lowest(left, c);
    at++;
  }
}

// Size and tag of the best of them by ⟨r, d_j⟩ in float32, from the row's correlations and its coefficients so far, for
// where the list is too short: every thread works by itself.
fn best_of(index: u32, bits: u32, c: u32, count: u32) -> vec2<u32> {
  var mine = NO_CANDIDATE;
  for (var left = bits; left != 0u; left &= left - 1u) {
    let j = lowest(left, c);
    var value = A[index * M4 + (j >> 2u)][j & 3u];
    for (var s = 0u; s < count; s++) { value -= x[s] * gram(support[s], j); }
    mine = better(mine, weighed(j, value));
  }
  return mine;
}

// The same for those on the list; a wave works on $ATONCE of them at a time.
fn best_found(index: u32, several: u32, count: u32) -> vec2<u32> {
  var mine = NO_CANDIDATE;
  for (var c = wave * $ATONCE; c < several; c += waves * $ATONCE) {
//#for i in 0..ATONCE
    let j$i = candidates[min(c + $i, several - 1u)];
    var taken$i = 0.0;
//#end
    for (var s = lane; s < count; s += lanes) {
      let weight = x[s];
      let atom = support[s];
//#for i in 0..ATONCE
      taken$i += weight * gram(atom, j$i);
//#end
    }
//#for i in 0..ATONCE
    mine = better(mine, weighed(j$i, A[index * M4 + (j$i >> 2u)][j$i & 3u] - wave_sum(taken$i)));
//#end
  }
  return workgroup_best(mine);
}

fn weighed(j: u32, value: f32) -> vec2<u32> {
//#if POSITIVE
  var size = max(value, 0.0);
//#else
  var size = abs(value);
//#end
//#if WEIGHTED
  size *= factor_of(j);
//#end
  return vec2<u32>(bitcast<u32>(size), (j << 1u) | u32(value < 0.0));
}
//#end
