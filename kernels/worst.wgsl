// The rows of greatest ‖r‖², worst first, the lower index on ties: a row's place is the number of rows ahead of it.
// Bindings: energies, one a row · worst, `wanted` rows. Dispatch: a thread a row. Flops: a comparison for each pair of rows.
//#params rows: u32, wanted: u32
//#buffer energies read f32
//#buffer worst read_write u32
//#include entry
var<workgroup> others: array<f32, WG>;

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  let row = group * WG + t;
  let inside = row < p.rows;
  let own = energies[min(row, p.rows - 1u)];
  var ahead = 0u;
  for (var first = 0u; first < p.rows; first += WG) {
    others[t] = select(-1.0, energies[min(first + t, p.rows - 1u)], first + t < p.rows);
    workgroupBarrier();
    for (var i = 0u; i < WG; i += 8u) {
//#for e in 0..8
      let other$e = others[i + $e];
      ahead += u32(other$e > own || (other$e == own && first + i + $e < row));
//#end
    }
    workgroupBarrier();
  }
  if (inside && ahead < p.wanted) { worst[ahead] = row; }
}
