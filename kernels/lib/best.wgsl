// Argmax over the workgroup: the greatest size and, on ties, the lowest tag. All threads get the same, and it may
// decide where barriers stand. Sizes are the bits of non-negative floats, which order as the floats do.
// Call it in uniform control flow only.
// Declares: NO_CANDIDATE, better(a, b), workgroup_best(own). Needs: entry.
fn better(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}

// What a thread gives that has no candidate.
const NO_CANDIDATE = vec2<u32>(0u, 0xffffffffu);

//#if SUBGROUPS
var<workgroup> best_parts: array<vec2<u32>, $PARTS>;
//#if !WAVES
var<workgroup> best_whole: vec2<u32>;
//#end

fn workgroup_best(own: vec2<u32>) -> vec2<u32> {
  let size = subgroupMax(own.x);
  let tag = subgroupMin(select(0xffffffffu, own.y, own.x == size));
  if (lane == 0u) { best_parts[wave] = vec2<u32>(size, tag); }
//#if WAVES
  let parts = workgroupUniformLoad(&best_parts);
  var best = parts[0];
//#for w in 1..WAVES
  best = better(best, parts[$w]);
//#end
  return best;
//#else
  workgroupBarrier();
  if (t == 0u) {
    var best = best_parts[0];
    for (var w = 1u; w < waves; w++) { best = better(best, best_parts[w]); }
    best_whole = best;
  }
  return workgroupUniformLoad(&best_whole);
//#end
}
//#else
var<workgroup> best_parts: array<vec2<u32>, WG>;

fn workgroup_best(own: vec2<u32>) -> vec2<u32> {
  best_parts[t] = own;
  for (var half: u32 = $WGHALF; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (t < half && t + half < WG) {
      best_parts[t] = better(best_parts[t], best_parts[t + half]);
    }
  }
  return workgroupUniformLoad(&best_parts[0]);
}
//#end
