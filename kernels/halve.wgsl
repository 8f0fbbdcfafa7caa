// The Gram in halves, for searching supports, and for each atom the greatest error that this makes in its row.
// Bindings: G m × m4 · H m × m4 halves · slack, one an atom. Dispatch: one workgroup an atom. Bytes: 6m an atom.
//#params atoms: u32
//#matrix G read
//#matrix H read_write
//#buffer slack read_write f32
//#include entry
//#include best

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  if (group >= p.atoms) { return; }
  var most = 0.0;
  for (var c = t; c < $M4; c += WG) {
    let exact = G_at(group, c);
    H_put(group, c, exact);
    let off = abs(exact - vec4<f32>(
      unpack2x16float(pack2x16float(exact.xy)),
      unpack2x16float(pack2x16float(exact.zw)),
    ));
    most = max(most, max(max(off.x, off.y), max(off.z, off.w)));
  }
  let all = workgroup_best(vec2<u32>(bitcast<u32>(most), 0u)).x;
  if (t == 0u) { slack[group] = bitcast<f32>(all); }
}
