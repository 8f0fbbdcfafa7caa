// How candidates compare.
// Declares: sizes, greatest, tagged, consider; WEIGHTED: factor_of; PRUNED: without. Needs: best.
//#if WEIGHTED
// The factor of atom j in the choice.
fn factor_of(j: u32) -> f32 { return A[p.weights + (j >> 2u)][j & 3u]; }
//#end

// The sizes of four candidates, those of element c: |a|, or a where only positive correlations count, times the atoms'
// factors where they have such; 0 for those that are barred.
fn sizes(a: vec4<f32>, barred: u32, c: u32) -> vec4<f32> {
//#if POSITIVE
  var size = max(a, vec4<f32>());
//#else
  var size = abs(a);
//#end
//#if WEIGHTED
  size *= A[p.weights + c];
//#end
//#if BARS
  let free = (vec4<u32>(barred) & vec4<u32>(1u, 2u, 4u, 8u)) == vec4<u32>();
  return select(vec4<f32>(), size, free);
//#else
  return size;
//#end
}

fn greatest(a: vec4<f32>, barred: u32, c: u32) -> f32 {
  let size = sizes(a, barred, c);
  return max(max(size.x, size.y), max(size.z, size.w));
}

// Size and tag of the best of element c's four atoms; a tag is twice the atom, and one more where a is negative.
fn tagged(a: vec4<f32>, barred: u32, c: u32) -> vec2<u32> {
  let size = sizes(a, barred, c);
  let most = max(max(size.x, size.y), max(size.z, size.w));
  let i = select(select(select(3u, 2u, size.z == most), 1u, size.y == most), 0u, size.x == most);
  let value = select(select(select(a.w, a.z, i == 2u), a.y, i == 1u), a.x, i == 0u);
  return vec2<u32>(bitcast<u32>(most), ((4u * c + i) << 1u) | u32(value < 0.0));
}

// The better of a candidate and the four atoms of element c.
fn consider(own: vec2<u32>, a: vec4<f32>, barred: u32, c: u32) -> vec2<u32> {
  if (bitcast<u32>(greatest(a, barred, c)) <= own.x) { return own; }
  return tagged(a, barred, c);
}

//#if PRUNED
// Four correlations, with zeros for atoms that may not be chosen: the search needs no look at what is barred then.
fn without(a: vec4<f32>, barred: u32) -> vec4<f32> {
  return select(a, vec4<f32>(), (vec4<u32>(barred) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>());
}
//#end
