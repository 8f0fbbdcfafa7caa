// A candidate's size, as the bits of a float: |a|, or a where only positive coefficients are allowed.
fn sizes(a: vec4<f32>, barred: u32) -> vec4<u32> {
  let free = (vec4<u32>(barred) & vec4<u32>(1u, 2u, 4u, 8u)) == vec4<u32>();
//#if NONNEGATIVE
  return select(vec4<u32>(), bitcast<vec4<u32>>(max(a, vec4<f32>())), free);
//#else
  return select(vec4<u32>(), bitcast<vec4<u32>>(abs(a)), free);
//#end
}

// The better of a candidate and the four atoms of element c; a tag is twice the atom, and one more where a is negative.
fn consider(own: vec2<u32>, a: vec4<f32>, barred: u32, c: u32) -> vec2<u32> {
  let size = sizes(a, barred);
  let most = max(max(size.x, size.y), max(size.z, size.w));
  if (most <= own.x) { return own; }
  let i = select(select(select(3u, 2u, size.z == most), 1u, size.y == most), 0u, size.x == most);
  let negative = vec4<u32>(a < vec4<f32>());
  let sign = select(select(select(negative.w, negative.z, i == 2u), negative.y, i == 1u), negative.x, i == 0u);
  return vec2<u32>(most, ((4u * c + i) << 1u) | sign);
}
