// The coefficients on a support already found: (G_II + λI)x = a_I by Cholesky, or their non-negative least squares by
// Lawson and Hanson's active sets (Solving Least Squares Problems, 1974, chapter 23). Slots that come out as 0 are
// given up.
// Bindings: A rows × m4 correlations · G m × m4 (DOTS: D m × n4, products, a triangle a workgroup) · indices and
// values, KT slots a row, K of them from `slot`.
// Dispatch: one workgroup a row, or a fixed number that take rows in turn where scratch memory is theirs.
// Bytes: 4 for each of k²/2 Gram entries, scattered, a row. Flops: k³/3 a row.
//#params rows: u32, begin: u32, row: u32, slot: u32, atom: u32, ridge: f32, shrink: f32
//#buffer A read vec4<f32>
//#if DOTS
//#matrix D read
//#buffer products read_write f32
//#else
//#matrix G read
//#end
//#buffer indices read_write u32
//#buffer values read_write f32
//#if SCRATCHM
//#buffer factors read_write f32
//#end
//#include entry
//#include best
//#if DOTS
//#include sum
//#end
const K: u32 = $K;
const KT: u32 = $KT;
//#include triangle
var<workgroup> support: array<u32, K>;
var<workgroup> right: array<f32, K>;
var<workgroup> x: array<f32, K>;
// The unknowns solved for, in order of entry, and the solution of their system.
var<workgroup> passive: array<u32, K>;
var<workgroup> y: array<f32, K>;
//#if NONNEGATIVE
var<workgroup> share: f32;
var<workgroup> leaving: u32;
//#end

fn gram(s: u32, r: u32) -> f32 {
//#if DOTS
  return products[own_group * TRIANGLE + place(max(s, r), min(s, r))] + select(0.0, p.ridge, s == r);
//#else
  let i = support[s];
  let j = support[r];
  return G_at(i, j >> 2u)[j & 3u] + select(0.0, p.ridge, s == r);
//#end
}

//#if DOTS
// The support's Gram from the atoms themselves, for where no Gram is kept.
fn multiply_support(c: u32) {
  for (var i = 0u; i < c; i++) {
    for (var j = 0u; j <= i; j++) {
      var part = 0.0;
      for (var q = t; q < $N4; q += WG) {
        part += dot(D_at(p.atom + support[i], q), D_at(p.atom + support[j], q));
      }
      let sum = workgroup_sum(part);
      if (t == 0u) { products[own_group * TRIANGLE + place(i, j)] = sum; }
    }
  }
  storageBarrier();
  workgroupBarrier();
}
//#end

// The Cholesky factor on passive[0 … c − 1], 1/L_jj on its diagonal. A direction whose pivot is at rounding level is
// left out: its value is 0. Four entries in flight.
fn factorise(c: u32) {
  for (var i = t; i < c; i += WG) {
    let s = passive[i];
    var j = 0u;
    for (; j + 4u <= i + 1u; j += 4u) {
//#for e in 0..4
      let g$e = gram(s, passive[j + $e]);
//#end
//#for e in 0..4
      set_factor(i, j + $e, g$e);
//#end
    }
    for (; j <= i; j++) { set_factor(i, j, gram(s, passive[j])); }
  }
  $SYNC;
  for (var j = 0u; j < c; j++) {
    for (var i = j + t; i < c; i += WG) {
      var sum = factor(i, j);
      var q = 0u;
      for (; q + 4u <= j; q += 4u) {
//#for e in 0..4
        let own$e = factor(i, q + $e);
        let pivot$e = factor(j, q + $e);
//#end
        sum -= own0 * pivot0 + own1 * pivot1 + own2 * pivot2 + own3 * pivot3;
      }
      for (; q < j; q++) { sum -= factor(i, q) * factor(j, q); }
      if (i > j) { set_factor(i, j, sum); } else { y_pivot = sum; }
    }
    $SYNC;
    let pivot = y_pivot;
    let inverse = select(0.0, inverseSqrt(pivot), pivot > $PIVOT);
    for (var i = j + t; i < c; i += WG) {
      if (i > j) { set_factor(i, j, factor(i, j) * inverse); } else { set_factor(j, j, inverse); }
    }
    $SYNC;
  }
}

// y = the solution for the right sides as they are: L·u = y forward, Lᵀ·y = u backward.
fn substitute(c: u32) {
  for (var i = t; i < c; i += WG) { y[i] = right[passive[i]]; }
  workgroupBarrier();
  for (var j = 0u; j < c; j++) {
    let u = y[j] * factor(j, j);
    workgroupBarrier();
    for (var i = j + t; i < c; i += WG) {
      if (i > j) { y[i] -= factor(i, j) * u; } else { y[j] = u; }
    }
    workgroupBarrier();
  }
  for (var j = c; j > 0u; j--) {
    let u = y[j - 1u] * factor(j - 1u, j - 1u);
    workgroupBarrier();
    for (var i = t; i < j; i += WG) {
      if (i < j - 1u) { y[i] -= factor(j - 1u, i) * u; } else { y[i] = u; }
    }
    workgroupBarrier();
  }
}
var<workgroup> y_pivot: f32;

//#if NONNEGATIVE
// Solves for x ≥ 0; every thread takes the same decisions from what all of them see.
fn solve_nonnegative(c: u32) {
  var own = 0.0;
  for (var s = t; s < c; s += WG) {
    x[s] = 0.0;
    own = max(own, abs(right[s]));
  }
  let most = bitcast<f32>(workgroup_best(vec2<u32>(bitcast<u32>(own), 0u)).x);
  var held = 0u;
  for (var turn = 0u; turn < 3u * c + 3u; turn++) {
    if (held == c) { break; }
    // The steepest ascent among the unknowns held at 0.
    var steepest = vec2<u32>(0u, 0xffffffffu);
    for (var s = t; s < c; s += WG) {
      var slope = right[s];
      for (var r = 0u; r < c; r++) { slope -= gram(s, r) * x[r]; }
      for (var r = 0u; r < held; r++) {
        if (passive[r] == s) { slope = 0.0; }
      }
      steepest = better(steepest, vec2<u32>(bitcast<u32>(max(slope, 0.0)), s));
    }
    let entering = workgroup_best(steepest);
    if (bitcast<f32>(entering.x) <= most * $SLOPE) { break; }
    if (t == 0u) { passive[held] = entering.y; }
    held++;
    workgroupBarrier();
    for (var inner = 0u; inner <= c; inner++) {
      if (held == 0u) { break; }
      factorise(held);
      substitute(held);
      // As far towards the solution as stays feasible; what reaches 0 leaves.
      if (t == 0u) {
        share = 1.0;
        leaving = c;
        for (var s = 0u; s < held; s++) {
          if (y[s] > 0.0) { continue; }
          let here = x[passive[s]];
          let reach = select(0.0, here / (here - y[s]), here > 0.0);
          if (reach < share || leaving == c) {
            share = min(share, reach);
            leaving = s;
          }
        }
      }
      let out = workgroupUniformLoad(&leaving);
      let part = workgroupUniformLoad(&share);
      for (var s = t; s < held; s += WG) {
        let unknown = passive[s];
        x[unknown] += part * (y[s] - x[unknown]);
      }
      workgroupBarrier();
      if (out == c) { break; }
      if (t == 0u) {
        x[passive[out]] = 0.0;
        for (var s = out; s + 1u < held; s++) { passive[s] = passive[s + 1u]; }
      }
      held--;
      workgroupBarrier();
    }
  }
}
//#end

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  for (var index = p.begin + group; index < p.rows; index += groups) {
//#include found
    for (var s = t; s < K; s += WG) {
      passive[s] = s;
//#if NONNEGATIVE
      right[s] -= p.shrink;
//#end
    }
    let count = workgroup_best(vec2<u32>(own, 0u)).x;
//#if DOTS
    multiply_support(count);
//#end
//#if NONNEGATIVE
    solve_nonnegative(count);
//#else
    factorise(count);
    substitute(count);
    for (var s = t; s < count; s += WG) {
      x[s] = y[s];
      right[s] -= p.shrink * sign(y[s]);
    }
    workgroupBarrier();
    // Soft thresholding: pulled towards 0 by their sign; what would change sign is given up.
    if (p.shrink > 0.0) {
      substitute(count);
      for (var s = t; s < count; s += WG) { x[s] = select(0.0, y[s], y[s] * x[s] > 0.0); }
      workgroupBarrier();
    }
//#end
    var used = 0u;
    for (var s = 0u; s < count; s++) { used += u32(x[s] != 0.0); }
    for (var s = t; s < K; s += WG) {
      if (s < count && x[s] != 0.0) {
        var to = 0u;
        for (var r = 0u; r < s; r++) { to += u32(x[r] != 0.0); }
        indices[slots + to] = p.atom + support[s];
        values[slots + to] = x[s];
      }
      if (s >= used) {
        indices[slots + s] = 0xffffffffu;
        values[slots + s] = 0.0;
      }
    }
    $SYNC;
  }
}
