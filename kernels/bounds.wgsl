// What bounds the errors of a search, for each atom: how far its row of the Gram in halves is off at most, the copy
// being written on the way (HALVES), and its greatest coherence with another atom (PRUNED).
// Bindings: G m × m4 · H m × m4 halves · bounds, a pair an atom. Dispatch: one workgroup an atom.
// Bytes: 4m an atom, and 2m for halves.
//#params atoms: u32
//#matrix G read
//#if HALVES
//#matrix H read_write
//#end
//#buffer bounds read_write vec2<f32>
//#include entry
//#include maximum

fn greatest(value: vec4<f32>) -> f32 { return max(max(value.x, value.y), max(value.z, value.w)); }

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.atoms) { return; }
  var off = 0.0;
  var like = 0.0;
  for (var c = t; c < $M4; c += WG) {
    let exact = G_at(group, c);
//#if HALVES
    H_put(group, c, exact);
    off = max(off, greatest(abs(exact - vec4<f32>(
      unpack2x16float(pack2x16float(exact.xy)),
      unpack2x16float(pack2x16float(exact.zw)),
    ))));
//#end
//#if PRUNED
    let own = vec4<u32>(4u * c) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(group);
    like = max(like, greatest(select(abs(exact), vec4<f32>(), own)));
//#end
  }
  let most = vec2<f32>(workgroup_maximum(off), workgroup_maximum(like));
  if (t == 0u) { bounds[group] = most; }
}
