// Argmax over the workgroup, the same for every thread: the greatest size and, on ties, the lowest tag.
// Sizes are the bits of non-negative floats, which order as the floats do. Call it in uniform control flow only.
fn better(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}

//#if SUBGROUPS
// Two sides in turn, so that one barrier does: who writes a side again has passed the barrier after all had read it.
var<workgroup> best_parts: array<array<vec2<u32>, $PARTS>, 2>;
var<private> best_side: u32;

fn workgroup_best(own: vec2<u32>) -> vec2<u32> {
  let size = subgroupMax(own.x);
  let tag = subgroupMin(select(0xffffffffu, own.y, own.x == size));
  if (lane == 0u) { best_parts[best_side][wave] = vec2<u32>(size, tag); }
  workgroupBarrier();
  var best = best_parts[best_side][0];
//#if WAVES
//#for w in 1..WAVES
  best = better(best, best_parts[best_side][$w]);
//#end
//#else
  for (var w = 1u; w < waves; w++) { best = better(best, best_parts[best_side][w]); }
//#end
  best_side = 1u - best_side;
  return best;
}
//#else
var<workgroup> best_parts: array<vec2<u32>, WG>;

fn workgroup_best(own: vec2<u32>) -> vec2<u32> {
  best_parts[t] = own;
  workgroupBarrier();
  for (var half: u32 = $WGHALF; half > 0u; half >>= 1u) {
    if (t < half && t + half < WG) {
      best_parts[t] = better(best_parts[t], best_parts[t + half]);
    }
    workgroupBarrier();
  }
  let best = best_parts[0];
  workgroupBarrier();
  return best;
}
//#end
