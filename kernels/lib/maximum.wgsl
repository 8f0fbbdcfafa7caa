// Maximum over the workgroup, the same for every thread. Call it in uniform control flow only.
// Declares: workgroup_maximum(own). Needs: entry.
//#if SUBGROUPS
// Two sides in turn, so that one barrier does: who writes a side again has passed the barrier after all had read it.
var<workgroup> maximum_parts: array<array<f32, $PARTS>, 2>;
var<private> maximum_side: u32;

fn workgroup_maximum(value: f32) -> f32 {
  let part = subgroupMax(value);
  if (lane == 0u) { maximum_parts[maximum_side][wave] = part; }
  workgroupBarrier();
  var most = maximum_parts[maximum_side][0];
  for (var w = 1u; w < waves; w++) { most = max(most, maximum_parts[maximum_side][w]); }
  maximum_side = 1u - maximum_side;
  return most;
}
//#else
var<workgroup> maximum_parts: array<f32, WG>;

fn workgroup_maximum(value: f32) -> f32 {
  maximum_parts[t] = value;
  workgroupBarrier();
  for (var half: u32 = $WGHALF; half > 0u; half >>= 1u) {
    if (t < half && t + half < WG) { maximum_parts[t] = max(maximum_parts[t], maximum_parts[t + half]); }
    workgroupBarrier();
  }
  let most = maximum_parts[0];
  workgroupBarrier();
  return most;
}
//#end
