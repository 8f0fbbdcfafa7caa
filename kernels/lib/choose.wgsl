// The best candidate `best`, by size and tag, and its atom `j`, weighed against the support. Searching halves, all that come
// within twice the error that they can have made are compared by their correlations in float32, so that the choice is the
// exact one. What is weighed may be read afterwards: two barriers for all of it, where no more than one comes that near.
//#include search
      var best = workgroup_best(own);
      if (best.x == 0u) { break; }
      var j = best.y >> 1u;
//#if WEIGHS
      weigh(j, count);
//#end
//#if VERIFIED
      let threshold = bitcast<f32>(best.x) - 2.0 * margin;
      if (margin > 0.0 && bitcast<f32>(own.x) >= threshold) {
//#if SCRATCHA
        for (var c = t; c < M4; c += WG) {
          collect(work[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), c, threshold);
        }
//#else
//#for v in 0..VQ
//#for e in 0..VE
        collect(a$v_$e, barred$v >> (4u * $e), t + ($v * $VE + $e) * WG, threshold);
//#end
//#end
//#end
      }
//#end
//#if WEIGHS
      workgroupBarrier();
//#end
//#if VERIFIED
      let several = atomicLoad(&found[found_side]);
      found_side = 1u - found_side;
      if (t == 0u) { atomicStore(&found[found_side], 0u); }
      if (several > MOST_FOUND) {
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
      }
      if (several > 1u) {
        var mine = vec2<u32>(0u, 0xffffffffu);
        for (var c = wave; c < several; c += waves) {
          let candidate = candidates[c];
          let value = exact_correlation(index, candidate, count);
//#if NONNEGATIVE
          let size = max(value, 0.0);
//#else
          let size = abs(value);
//#end
          let tag = (candidate << 1u) | u32(value < 0.0);
          mine = better(mine, vec2<u32>(bitcast<u32>(size), tag));
        }
        best = workgroup_best(mine);
        if (best.x == 0u) { break; }
        j = best.y >> 1u;
        weigh(j, count);
        workgroupBarrier();
      }
//#end
