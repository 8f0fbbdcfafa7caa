// The rows of greatest ‖r‖², worst first, the lower index on ties: a row's place is the number of rows ahead of it.
// Bindings: energies, one a row · worst, `wanted` rows. Dispatch: a thread a row. Flops: a comparison for each pair of
// rows.
//#params rows: u32, wanted: u32
//#buffer energies read vec2<f32>
//#buffer worst read_write u32
//#include entry
// Energies as the bits of non-negative floats, which order as the floats do.
var<workgroup> others: array<array<u32, 8>, WG / 8u>;

fn bits(row: u32) -> u32 { return bitcast<u32>(max(energies[min(row, p.rows - 1u)].x, 0.0)); }

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let row = group * WG + t;
  let own = bits(row);
  var ahead = 0u;
  for (var first = 0u; first < p.rows; first += WG) {
    // Of earlier rows those as bad are ahead, too, which one more in the last place of their energy makes so.
    let earlier = u32(first < group * WG);
    others[t >> 3u][t & 7u] = select(0u, bits(first + t) + earlier, first + t < p.rows);
    workgroupBarrier();
    if (first == group * WG) {
      for (var i = 0u; i < WG; i++) {
        ahead += u32(others[i >> 3u][i & 7u] + u32(i < t) > own);
      }
    } else {
      for (var i = 0u; i < WG / 8u; i++) {
//#for e in 0..8
        ahead += u32(others[i][$e] > own);
//#end
      }
    }
    workgroupBarrier();
  }
  if (row < p.rows && ahead < p.wanted) { worst[ahead] = row; }
}
