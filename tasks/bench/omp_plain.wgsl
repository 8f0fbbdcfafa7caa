// Exact orthogonal matching pursuit as the textbook has it (Pati, Rezaiifar and Krishnaprasad 1993), from
// correlations and Gram: what kernels/omp.wgsl computes, in the plainest way, to be read first and to be timed beside
// it. A thread codes a row by itself; every step solves the least squares anew and works out all correlations from
// the beginning. Bindings: A rows × m4 correlations · work, as large · G m × m4 · energies, ‖y‖² second · indices and
// values, K a row. Dispatch: a thread a row. Flops: m·k(k+1) + k⁴/12 a row.
//#params rows: u32, row: u32, atoms: u32
//#buffer A read vec4<f32>
//#buffer work read_write vec4<f32>
//#matrix G read
//#buffer energies read vec2<f32>
//#buffer indices read_write u32
//#buffer values read_write f32
const K: u32 = $K;
const M4: u32 = $M4;

var<private> support: array<u32, K>;
var<private> x: array<f32, K>;
// The Cholesky factor of the support's Gram, row by row.
var<private> factor: array<array<f32, K>, K>;
// A bit for each atom that may not be chosen (again).
var<private> barred: array<u32, $BARWORDS>;

fn gram(i: u32, j: u32) -> f32 { return G_at(i, j >> 2u)[j & 3u]; }

// The atom of the largest |⟨r, d_j⟩| above the floor, the lowest on ties; p.atoms where there is none.
fn choose(index: u32, floor: f32) -> u32 {
  var best = p.atoms;
  var most = floor;
  for (var j = 0u; j < p.atoms; j++) {
    let size = abs(work[index * M4 + (j >> 2u)][j & 3u]);
    if (size > most && ((barred[j >> 5u] >> (j & 31u)) & 1u) == 0u) {
      most = size;
      best = j;
    }
  }
  return best;
}

// Row `count` of the factor for atom j; gives the pivot L_tt²: what of the atom lies outside the span of the support.
fn extend(count: u32, j: u32) -> f32 {
  var pivot = gram(j, j);
  for (var s = 0u; s < count; s++) {
    var entry = gram(support[s], j);
    for (var r = 0u; r < s; r++) { entry -= factor[s][r] * factor[count][r]; }
    entry /= factor[s][s];
    factor[count][s] = entry;
    pivot -= entry * entry;
  }
  factor[count][count] = sqrt(max(pivot, 0.0));
  return pivot;
}

// Least squares on the support: L·u = A_I forward, Lᵀ·x = u backward.
fn solve(index: u32, count: u32) {
  for (var s = 0u; s < count; s++) {
    let j = support[s];
    var u = A[index * M4 + (j >> 2u)][j & 3u];
    for (var r = 0u; r < s; r++) { u -= factor[s][r] * x[r]; }
    x[s] = u / factor[s][s];
  }
  for (var s = count; s > 0u; s--) {
    var value = x[s - 1u];
    for (var r = s; r < count; r++) { value -= factor[r][s - 1u] * x[r]; }
    x[s - 1u] = value / factor[s - 1u][s - 1u];
  }
}

// ⟨r, d_j⟩ of every atom: A − Σ x_s G[I_s, :].
fn correlate(index: u32, count: u32) {
  for (var c = 0u; c < M4; c++) {
    var a = A[index * M4 + c];
    for (var s = 0u; s < count; s++) { a -= x[s] * G_at(support[s], c); }
    work[index * M4 + c] = a;
  }
}

@compute @workgroup_size($WG) fn main(@builtin(global_invocation_id) thread: vec3<u32>) {
  let index = thread.x;
  if (index >= p.rows) { return; }
  let row = p.row + index;
  let floor = $FLOOR * sqrt(energies[row].y);
  for (var b = 0u; b < $BARWORDS; b++) { barred[b] = 0u; }
  var count = 0u;
  correlate(index, count);
  while (count < K) {
    let j = choose(index, floor);
    if (j == p.atoms) { break; }
    barred[j >> 5u] |= 1u << (j & 31u);
    if (extend(count, j) < $PIVOT) { continue; }
    support[count] = j;
    count++;
    solve(index, count);
    correlate(index, count);
  }
  for (var s = 0u; s < K; s++) {
    indices[row * K + s] = select(0xffffffffu, support[s], s < count);
    values[row * K + s] = select(0.0, x[s], s < count);
  }
}
