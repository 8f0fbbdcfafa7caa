// Completes a symmetric matrix of which the product left tiles under the diagonal out: G_ij = G_ji for j < i.
// Bindings: G m × stride floats. Dispatch: ⌈m / 32⌉ × ⌈m / 32⌉ workgroups of 32 × 8 threads. Bytes: 4m².
//#params atoms: u32, stride: u32
//#buffer G read_write f32
const SIDE: u32 = 32u;
const DEEP: u32 = 8u;
var<workgroup> tile: array<array<f32, 33>, 32>;

@compute @workgroup_size(32, 8) fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) t: vec3<u32>,
) {
  if (group.x > group.y) { return; }
  for (var q = t.y; q < SIDE; q += DEEP) {
    let row = group.x * SIDE + q;
    let column = group.y * SIDE + t.x;
    if (row < p.atoms && column < p.atoms) { tile[q][t.x] = G[row * p.stride + column]; }
  }
  workgroupBarrier();
  for (var q = t.y; q < SIDE; q += DEEP) {
    let row = group.y * SIDE + q;
    let column = group.x * SIDE + t.x;
    if (column < row && row < p.atoms) { G[row * p.stride + column] = tile[t.x][q]; }
  }
}
