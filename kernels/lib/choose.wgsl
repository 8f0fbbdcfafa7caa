// The best candidate `best`, by size and tag, and its atom `j`, weighed against the support; leaves the loop where
// there is none, as where the row is `over`. Where the search's correlations are off by `margin` at most, all that come
// within twice of it are compared by their correlations in float32, so that the choice is the exact one. Where more
// come than the list of candidates holds, what of Gram rows is `due` is read and the search begins again; where nothing
// is due, each thread compares its own.
// Takes: a or the scratch row, count, over, index; CHECKED: margin; PRUNED: due, settled, patience. Gives: best, j;
// PRUNED: least, patience, settled for the next search. Leaves: at its end with an atom; by `break` where none is
// left; PRUNED by `continue`, to search again.
      if (!over) {
//#include search
      }
//#if PRUNED
      // Where what is due could change the choice, nothing is chosen, with tag 0.
      let doubtful = due > 0.0 && bitcast<f32>(own.x) <= 2.0 * margin;
      var best = workgroup_best(select(own, vec2<u32>(), doubtful));
      if (best.x == 0u && best.y == 0u) {
//#include settle
      }
//#else
      var best = workgroup_best(own);
//#end
      if (best.x == 0u) { break; }
      var j = best.y >> 1u;
//#if WEIGHSFIRST
      weigh(j, count);
//#end
//#if CHECKED
      let threshold = max(bitcast<f32>(best.x) - 2.0 * margin, $SMALLEST);
      let comes_near = margin > 0.0 && bitcast<f32>(own.x) >= threshold;
//#if SCRATCHA
      for (var c = select(M4, t, comes_near); c < M4; c += WG) {
        collect(near(A[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), c, threshold), c);
      }
//#else
//#for v in 0..VQ
      var near$v = 0u;
//#end
      if (comes_near) {
//#for v in 0..VQ
//#for e in 0..VE
        near$v |= near(a$v_$e, barred$v >> (4u * $e), t + ($v * $VE + $e) * WG, threshold) << (4u * $e);
//#end
        collect(near$v, t + $v * $VE * WG);
//#end
      }
//#end
//#end
//#if WEIGHS
//#if CHECKED
      let several = workgroupUniformLoad(&found);
      if (t == 0u) { atomicStore(&found, 0u); }
//#else
      workgroupBarrier();
//#end
//#end
//#if CHECKED
      if (several > MOST_FOUND) {
//#if PRUNED
        if (agreed(u32(due > 0.0)) == 1u) {
//#include settle
        }
//#end
        var mine = NO_CANDIDATE;
//#if SCRATCHA
        for (var c = select(M4, t, comes_near); c < M4; c += WG) {
          let bits = near(A[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), c, threshold);
          mine = better(mine, best_of(index, bits, c, count));
        }
//#else
//#for v in 0..VQ
        mine = better(mine, best_of(index, near$v, t + $v * $VE * WG, count));
//#end
//#end
        best = workgroup_best(mine);
      } else if (several > 1u) {
        best = best_found(index, several, count);
      }
      if (several > 1u) {
        if (best.x == 0u) { break; }
        j = best.y >> 1u;
//#if WEIGHSFIRST
        weigh(j, count);
        workgroupBarrier();
//#end
      }
//#if PRUNED
      patience *= select(select(1.0, $MOREPATIENCE, several < $FEWFOUND), $LESSPATIENCE, several > $MANYFOUND);
      patience = min(patience, 1.0);
      settled = false;
//#end
//#end
