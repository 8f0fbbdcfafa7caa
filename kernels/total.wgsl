// Sums of runs of `run` row energies, to be finished in float64 on the host.
// Bindings: energies, one a row · sums. Dispatch: one workgroup a run. Bytes: 4 a row.
//#params rows: u32, run: u32, to: u32
//#buffer energies read vec2<f32>
//#buffer sums read_write f32
//#include entry
//#include sum

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let first = group * p.run;
  let end = min(first + p.run, p.rows);
  var own = 0.0;
  for (var row = first + t; row < end; row += WG) { own += energies[row].x; }
  let total = workgroup_sum(own);
  if (t == 0u && first < p.rows) { sums[p.to + group] = total; }
}
