// `own`, this thread's best candidate, found by its size first and its place afterwards: fewer instructions than
// keeping both.
// Takes: a0_0 … and barred0 …, or the scratch row; own, no candidate yet. Gives: own. Leaves: at its end.
//#if SCRATCHA
//#if !PRUNED
      for (var c = t; c < M4; c += WG) {
        own = consider(own, A[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), c);
      }
//#end
//#else
      var most = 0.0;
      var at = 0u;
//#for v in 0..VQ
//#for e in 0..VE
      let most$v_$e = greatest(a$v_$e, barred$v >> (4u * $e), t + ($v * $VE + $e) * WG);
      at = select(at, $v * $VE + $e, most$v_$e > most);
      most = max(most, most$v_$e);
//#end
//#end
      var four = a0_0;
      var bars = barred0;
//#for v in 0..VQ
//#for e in 0..VE
      if (at == $v * $VE + $e) {
        four = a$v_$e;
        bars = barred$v >> (4u * $e);
      }
//#end
//#end
      if (most > 0.0) { own = tagged(four, bars, t + at * WG); }
//#end
