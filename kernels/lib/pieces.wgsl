// Adds up the pieces of an atom's list, or its `chunks`, for kernels with a workgroup an atom of the batch. Takes
// `turn`; gives `along`, Σ x_i·(x_i as coded), and v0, v1, …, the elements that this thread has of Σ x_i R_i, at
// columns c0, c1, ….
// Leaves: at its end, all threads with the same `along`.
  let base = lists[PIECES + p.begin];
  var begin = lists[PIECES + turn] - base;
  var end = lists[PIECES + turn + 1u] - base;
  if (p.chunks > 0u) {
    begin = group * p.chunks;
    end = begin + p.chunks;
  }
  var part = 0.0;
  for (var piece = begin + t; piece < end; piece += WG) { part += alongs[piece]; }
  var along = workgroup_sum(part);
//#include elements
//#for v in 0..V
  var v$v = vec4<f32>();
//#end
  // Four pieces in flight.
  var piece = begin;
  for (; piece + 4u <= end; piece += 4u) {
//#for v in 0..V
//#for i in 0..4
    let sum$i_$v = sums_at(piece + $i, c$v);
//#end
//#end
//#for v in 0..V
    v$v += sum0_$v + sum1_$v + sum2_$v + sum3_$v;
//#end
  }
  for (; piece < end; piece++) {
//#for v in 0..V
    v$v += sums_at(piece, c$v);
//#end
  }
