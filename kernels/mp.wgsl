// Matching pursuit from correlations and Gram alone (Mallat and Zhang 1993): one Gram row a step, repeats accumulate.
// With HALVES the search reads the Gram in halves; supports stay exact where it is VERIFIED, coefficients always do.
// Bindings: A rows × m4 correlations · G and H m × m4 · slack, one an atom · energies ‖y‖² as the group found it · wholes ‖y‖² of the row itself ·
// indices and values, KT slots a row, of which this group fills K from `slot`: at most `most` of them with atoms.
// Dispatch: one workgroup a row, or a fixed number that take rows in turn where scratch memory is theirs.
// Bytes: 4m a row and a Gram row of 4m a step, mostly from cache. Flops: 2m a step.
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
//#include entry
//#include best
const K: u32 = $K;
const KT: u32 = $KT;
const M4: u32 = $M4;

var<workgroup> support: array<u32, K>;
var<workgroup> x: array<f32, K>;
var<workgroup> known: u32;
//#if HALVES
var<workgroup> parts: array<f32, K>;
//#end

//#if HALVES
fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }
//#end

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
    for (var turn = 0u; turn < p.most * $STEPS; turn++) {
      if (p.tolerance > 0.0 && energy <= enough) { break; }
//#include choose
      let atom = best.y >> 1u;
//#if HALVES
      for (var s = t; s < count; s += WG) { parts[s] = x[s] * gram(support[s], atom); }
      workgroupBarrier();
      var weight = A[index * M4 + (atom >> 2u)][atom & 3u];
      for (var s = 0u; s < count; s++) { weight -= parts[s]; }
      if (bitcast<u32>($SIZE) <= negligible) { break; }
//#else
      let weight = select(1.0, -1.0, (best.y & 1u) == 1u) * bitcast<f32>(best.x);
      if (best.x <= negligible) { break; }
//#end
      // The slot that holds this atom already, if any: atoms are distinct, so at most one thread writes.
      if (t == 0u) { known = K; }
      workgroupBarrier();
      for (var s = t; s < count; s += WG) {
        if (support[s] == atom) { known = s; }
      }
      workgroupBarrier();
      let slot = workgroupUniformLoad(&known);
      if (slot == K && count == p.most) { break; }
      if (t == 0u) {
        if (slot == K) {
          support[count] = atom;
          x[count] = weight;
        } else {
          x[slot] += weight;
        }
      }
      if (slot == K) { count++; }
      energy -= weight * weight;
//#if VERIFIED
      margin += abs(weight) * (slack[atom] + $ROUNDING);
//#end
//#include subtract
      $SYNC;
    }
    workgroupBarrier();
    for (var s = t; s < K; s += WG) {
      indices[slots + s] = select(0xffffffffu, p.atom + support[s], s < count);
      values[slots + s] = select(0.0, x[s], s < count);
    }
    $SYNC;
  }
}
