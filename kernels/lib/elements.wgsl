// The elements c0, c1, … of a row that this thread has. Beyond the row's end (not inside0, …) its last one stands in,
// to be left out of sums and not to be written: a branch around a read would keep the next one waiting.
// Takes: t. Gives: inside0, c0, inside1, c1, …. Leaves: at its end.
//#for v in 0..V
  let inside$v = t + $v * WG < $N4;
  let c$v = min(t + $v * WG, $N4 - 1u);
//#end
