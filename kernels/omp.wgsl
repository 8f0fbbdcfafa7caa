// Exact orthogonal matching pursuit from correlations and Gram alone (Batch-OMP, Rubinstein et al. 2008), with row t of
// M = L⁻¹ grown in place, L the Cholesky factor of the support's Gram: no substitution, every entry has its own thread.
// With HALVES the search reads the Gram in halves; supports stay exact where it is VERIFIED, coefficients always do.
// Bindings: A rows × m4 correlations · G and H m × m4 · slack, one an atom · energies ‖y‖² as the group found it · wholes ‖y‖² of the row itself ·
// indices and values, KT slots a row, of which this group fills K from `slot`: at most `most` of them with atoms.
// Dispatch: one workgroup a row, or a fixed number that take rows in turn where scratch memory is theirs.
// Bytes: 4m a row and k(k+1)/2 Gram rows of 4m, mostly from cache. Flops: m·k(k+1) a row.
//#params rows: u32, begin: u32, row: u32, slot: u32, atom: u32, tolerance: f32, most: u32
//#buffer A read vec4<f32>
//#matrix G read
//#if HALVES
//#matrix H read
//#buffer slack read f32
//#end
//#buffer energies read f32
//#buffer wholes read f32
//#buffer indices read_write u32
//#buffer values read_write f32
//#if SCRATCHA
//#buffer work read_write vec4<f32>
//#end
//#if SCRATCHM
//#buffer factors read_write f32
//#end
//#include entry
//#include best
const K: u32 = $K;
const KT: u32 = $KT;
const M4: u32 = $M4;
const TRIANGLE: u32 = K * (K + 1u) / 2u;

//#if !SCRATCHM
var<workgroup> M: array<f32, TRIANGLE>;
//#end
var<workgroup> support: array<u32, K>;
var<workgroup> g: array<f32, K>;
var<workgroup> w: array<f32, K>;
var<workgroup> x: array<f32, K>;
var<workgroup> weights: array<f32, K>;
//#if VERIFIED
var<workgroup> slacks: array<f32, K>;
//#end

fn place(i: u32, j: u32) -> u32 { return i * (i + 1u) / 2u + j; }

fn factor(i: u32, j: u32) -> f32 {
//#if SCRATCHM
  return factors[group * TRIANGLE + place(i, j)];
//#else
  return M[place(i, j)];
//#end
}

fn set_factor(i: u32, j: u32, value: f32) {
//#if SCRATCHM
  factors[group * TRIANGLE + place(i, j)] = value;
//#else
  M[place(i, j)] = value;
//#end
}

fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }

//#include candidates
//#include verify

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  for (var index = p.begin + group; index < p.rows; index += groups) {
    let row = p.row + index;
    let slots = row * KT + p.slot;
    var energy = energies[row];
    let enough = p.tolerance * p.tolerance * wholes[row];
    let negligible = bitcast<u32>($FLOOR * sqrt(energy));
//#include correlations
    var count = 0u;
//#if VERIFIED
    var margin = 0.0;
//#end
    loop {
      if (count == p.most || (p.tolerance > 0.0 && energy <= enough)) { break; }
//#include choose
      let j = best.y >> 1u;
//#if !HALVES
      let correlation = select(1.0, -1.0, (best.y & 1u) == 1u) * bitcast<f32>(best.x);
      if (best.x <= negligible) { break; }
//#end
//#include bar
      for (var s = t; s < count; s += WG) { g[s] = gram(support[s], j); }
      workgroupBarrier();
//#if HALVES
      var correlation = A[index * M4 + (j >> 2u)][j & 3u];
      for (var s = 0u; s < count; s++) { correlation -= x[s] * g[s]; }
      if (bitcast<u32>($SIZE) <= negligible) { break; }
//#end
      for (var s = t; s < count; s += WG) {
        var sum = 0.0;
        for (var r = 0u; r <= s; r++) { sum += factor(s, r) * g[r]; }
        w[s] = sum;
      }
      workgroupBarrier();
      var pivot = gram(j, j);
      for (var s = 0u; s < count; s++) { pivot -= w[s] * w[s]; }
      if (pivot < $PIVOT) { continue; }
      let scale = inverseSqrt(pivot);
      let step = correlation * scale;
      for (var s = t; s <= count; s += WG) {
        var sum = select(0.0, -1.0, s == count);
        for (var r = s; r < count; r++) { sum += w[r] * factor(r, s); }
        let entry = -sum * scale;
        set_factor(count, s, entry);
        weights[s] = step * entry;
        x[s] = select(x[s], 0.0, s == count) + step * entry;
      }
      if (t == 0u) {
        support[count] = j;
//#if VERIFIED
        slacks[count] = slack[j] + $ROUNDING;
//#end
      }
      energy -= step * step;
      count++;
      $SYNC;
      if (count < p.most) {
        for (var s = 0u; s < count; s++) {
          let weight = weights[s];
          let atom = support[s];
//#if VERIFIED
          margin += abs(weight) * slacks[s];
//#end
//#include subtract
        }
      }
    }
    for (var s = t; s < K; s += WG) {
      indices[slots + s] = select(0xffffffffu, p.atom + support[s], s < count);
      values[slots + s] = select(0.0, x[s], s < count);
    }
    $SYNC;
  }
}
