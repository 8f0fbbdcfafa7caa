// R ← R − X·D over one group of atoms, and ‖r‖² of each row.
// Bindings: indices and values, KT slots a row, K from `slot` · D m × n4 · R rows × n4 · energies.
// Dispatch: one workgroup a row. Bytes: 8n a row and 4n a nonzero (atoms, mostly from cache). Flops: 2n(k + 1) a row.
//#params rows: u32, slot: u32
//#buffer indices read u32
//#buffer values read f32
//#matrix D read
//#matrix R read_write
//#buffer energies read_write vec2<f32>
//#include entry
//#include sum
// The row's codes, brought in together: one after the other they would each wait for memory.
var<workgroup> atoms: array<u32, $K>;
var<workgroup> x: array<f32, $K>;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  let first = group * $KT + p.slot;
//#include elements
//#for v in 0..V
  var r$v = R_at(group, c$v);
//#end
  for (var s = t; s < $K; s += WG) {
    atoms[s] = indices[first + s];
    x[s] = values[first + s];
  }
  workgroupBarrier();
  for (var s = 0u; s < $K; s++) {
    let atom = atoms[s];
    if (atom == 0xffffffffu) { break; }
//#for v in 0..V
    r$v -= x[s] * D_at(atom, c$v);
//#end
  }
  var energy = 0.0;
//#for v in 0..V
  if (inside$v) {
    R_put(group, c$v, r$v);
    energy += dot(r$v, r$v);
  }
//#end
  let total = workgroup_sum(energy);
  if (t == 0u) { energies[group].x = total; }
}
