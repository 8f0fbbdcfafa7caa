// Two sums over the workgroup, at once, the same for every thread, in a fixed order. Call it in uniform control flow
// only.
// Declares: workgroup_pair(value). Needs: entry.
//#if SUBGROUPS
// Two sides in turn, so that one barrier does: who writes a side again has passed the barrier after all had read it.
var<workgroup> pair_parts: array<array<vec2<f32>, $PARTS>, 2>;
var<private> pair_side: u32;

fn workgroup_pair(value: vec2<f32>) -> vec2<f32> {
  let part = subgroupAdd(value);
  if (lane == 0u) { pair_parts[pair_side][wave] = part; }
  workgroupBarrier();
  var total = vec2<f32>();
//#if WAVES
//#for w in 0..WAVES
  total += pair_parts[pair_side][$w];
//#end
//#else
  for (var w = 0u; w < waves; w++) { total += pair_parts[pair_side][w]; }
//#end
  pair_side = 1u - pair_side;
  return total;
}
//#else
var<workgroup> pair_parts: array<vec2<f32>, WG>;

fn workgroup_pair(value: vec2<f32>) -> vec2<f32> {
  pair_parts[t] = value;
  workgroupBarrier();
  for (var half: u32 = $WGHALF; half > 0u; half >>= 1u) {
    if (t < half && t + half < WG) { pair_parts[t] += pair_parts[t + half]; }
    workgroupBarrier();
  }
  let total = pair_parts[0];
  workgroupBarrier();
  return total;
}
//#end
