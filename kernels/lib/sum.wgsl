// Sum over the workgroup, the same for every thread, in a fixed order. Call it in uniform control flow only.
// Declares: workgroup_sum(value). Needs: entry.
//#if SUBGROUPS
// Two sides in turn, so that one barrier does: who writes a side again has passed the barrier after all had read it.
var<workgroup> sum_parts: array<array<f32, $PARTS>, 2>;
var<private> sum_side: u32;

fn workgroup_sum(value: f32) -> f32 {
  let part = subgroupAdd(value);
  if (lane == 0u) { sum_parts[sum_side][wave] = part; }
  workgroupBarrier();
  var total = 0.0;
//#if WAVES
//#for w in 0..WAVES
  total += sum_parts[sum_side][$w];
//#end
//#else
  for (var w = 0u; w < waves; w++) { total += sum_parts[sum_side][w]; }
//#end
  sum_side = 1u - sum_side;
  return total;
}
//#else
var<workgroup> sum_parts: array<f32, WG>;

fn workgroup_sum(value: f32) -> f32 {
  sum_parts[t] = value;
  workgroupBarrier();
  for (var half: u32 = $WGHALF; half > 0u; half >>= 1u) {
    if (t < half && t + half < WG) { sum_parts[t] += sum_parts[t + half]; }
    workgroupBarrier();
  }
  let total = sum_parts[0];
  workgroupBarrier();
  return total;
}
//#end
