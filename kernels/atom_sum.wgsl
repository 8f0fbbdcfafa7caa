// Σ x_i R_i over pieces of the atoms' lists, and Σ x_i·(x_i as coded): the power step's sums, in a fixed order. The
// first step weighs by the codes; later ones (POWER) by x̃_i = ⟨d', R_i⟩ + ⟨d', d⟩·x_i with the direction so far.
// Bindings: R rows × n4 · values, KT slots a row · lists of slots by turn · sums, pieces × n4 ·
// alongs, one a piece · (POWER) N m × n4 new atoms · updates by turn.
// Dispatch: a fixed number of workgroups that take pieces in turn. Bytes: 4n a nonzero. Flops: 2n a nonzero (POWER:
// 4n).
//#params begin: u32, end: u32
//#matrix R read
//#buffer values read f32
//#buffer lists read u32
//#matrix sums read_write
//#buffer alongs read_write f32
//#if POWER
//#matrix N read
//#buffer updates read Update
//#include update
//#end
//#include entry
//#include lists
//#if POWER
//#include sum
//#end

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let base = lists[PIECES + p.begin];
  let count = lists[PIECES + p.end] - base;
//#include elements
  for (var piece = group; piece < count; piece += groups) {
    // The turn whose list holds this piece: the last one that begins at or before it.
    var turn = p.begin;
    var above = p.end;
    while (above - turn > 1u) {
      let middle = (turn + above) >> 1u;
      if (lists[PIECES + middle] - base <= piece) { turn = middle; } else { above = middle; }
    }
    let begin = lists[turn] + (piece - (lists[PIECES + turn] - base)) * $PIECE;
    let end = min(begin + $PIECE, lists[turn + 1u]);
    var along = 0.0;
//#for v in 0..V
    var sum$v = vec4<f32>();
//#end
//#if POWER
    let atom = updates[turn].atom;
    let overlap = updates[turn].overlap;
//#for v in 0..V
    let n$v = select(vec4<f32>(), N_at(atom, c$v), inside$v);
//#end
    for (var q = begin; q < end; q++) {
      let slot = lists[LISTS + q];
      let row = slot / $KT;
      let x = values[slot];
      var own = 0.0;
//#for v in 0..V
      let r$v = R_at(row, c$v);
      own += dot(n$v, r$v);
//#end
      let weight = workgroup_sum(own) + overlap * x;
//#for v in 0..V
      sum$v += weight * r$v;
//#end
      along += weight * x;
    }
//#else
    // Four rows in flight.
    var q = begin;
    for (; q + 4u <= end; q += 4u) {
//#for i in 0..4
      let slot$i = lists[LISTS + q + $i];
      let row$i = slot$i / $KT;
      let x$i = values[slot$i];
//#end
//#for v in 0..V
//#for i in 0..4
      let r$i_$v = R_at(row$i, c$v);
//#end
//#end
//#for v in 0..V
      sum$v += x0 * r0_$v + x1 * r1_$v + x2 * r2_$v + x3 * r3_$v;
//#end
      along += x0 * x0 + x1 * x1 + x2 * x2 + x3 * x3;
    }
    for (; q < end; q++) {
      let slot = lists[LISTS + q];
      let row = slot / $KT;
      let x = values[slot];
//#for v in 0..V
      sum$v += x * R_at(row, c$v);
//#end
      along += x * x;
    }
//#end
//#for v in 0..V
    if (inside$v) { sums_put(piece, c$v, sum$v); }
//#end
    if (t == 0u) { alongs[piece] = along; }
  }
}
