// The best candidate `best`, by size and tag, and its atom `j`, weighed against the support. Where the search's correlations
// are off by `margin` at most, all that come within twice of it are compared by their correlations in float32, so that the
// choice is the exact one. Where more come than can be compared, what of Gram rows is `due` is read, and the search begins
// again; where nothing is due, so that halves alone are to blame, all correlations are computed anew in float32.
//#include search
      var best = workgroup_best(own);
//#if PRUNED
      let doubtful = bitcast<f32>(best.x) <= 2.0 * margin;
      if (due > 0.0 && doubtful) {
//#include settle
      }
//#end
      if (best.x == 0u) { break; }
      var j = best.y >> 1u;
//#if WEIGHSFIRST
      weigh(j, count);
//#end
//#if CHECKED
      let threshold = max(bitcast<f32>(best.x) - 2.0 * margin, $SMALLEST);
      if (margin > 0.0 && bitcast<f32>(own.x) >= threshold) {
//#if SCRATCHA
        for (var c = t; c < M4; c += WG) {
          collect(near(work[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), threshold), c, 0u);
        }
//#else
//#for v in 0..VQ
        var near$v = 0u;
//#for e in 0..VE
        near$v |= near(a$v_$e, barred$v >> (4u * $e), threshold) << (4u * $e);
//#end
        collect(near$v, t + $v * $VE * WG, WG);
//#end
//#end
      }
//#end
//#if WEIGHS
      workgroupBarrier();
//#end
//#if CHECKED
      let several = atomicLoad(&found[found_side]);
      found_side = 1u - found_side;
      if (t == 0u) { atomicStore(&found[found_side], 0u); }
      if (several > MOST_FOUND) {
//#if PRUNED
        if (due > 0.0) {
//#include settle
        }
//#end
//#if VERIFIED
        margin = 0.0;
//#if SCRATCHA
        for (var c = t; c < M4; c += WG) { work[scratch + c] = A[index * M4 + c]; }
//#else
//#for v in 0..VQ
//#for e in 0..VE
        a$v_$e = A[index * M4 + t + ($v * $VE + $e) * WG];
//#end
//#end
//#end
        for (var s = 0u; s < count; s++) {
          let weight = x[s];
          let atom = support[s];
//#include subtract_exact
        }
        $REPEAT
//#end
      }
      if (several > 1u && several <= MOST_FOUND) {
        best = best_found(index, several, count);
        if (best.x == 0u) { break; }
        j = best.y >> 1u;
//#if WEIGHSFIRST
        weigh(j, count);
        workgroupBarrier();
//#end
      }
//#if PRUNED
      patience *= select(select(1.0, $MOREPATIENCE, several < $FEWFOUND), $LESSPATIENCE, several > $MANYFOUND);
      settled = false;
//#end
//#end
