// The best candidate: `best`, by size and tag. Searching halves, all that come within twice the error that they can have
// made are compared by their correlations in float32, so that the choice is the exact one.
//#include search
      var best = workgroup_best(own);
      if (best.x == 0u) { break; }
//#if VERIFIED
      if (margin > 0.0) {
        let threshold = bitcast<u32>(max(bitcast<f32>(best.x) - 2.0 * margin, 0.0));
        if (t == 0u) { atomicStore(&found, 0u); }
        workgroupBarrier();
        if (own.x >= threshold) {
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
        workgroupBarrier();
        if (t == 0u) { found_now = atomicLoad(&found); }
        let several = workgroupUniformLoad(&found_now);
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
          for (var c = t; c < several; c += WG) {
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
        }
      }
//#end
