// a ← a − Σ (x − held)·G over those atoms of the support whose share of any correlation may be over `least`; what of
// the others is left out makes the `margin`, and what of it is the most for one atom is `due`.
// Takes: count, x, held, coherences, least, over, rough. Gives: the search's correlations, margin, due, held,
// rough; SCRATCHA: own. Leaves: at its end.
        for (var s = t; s < WEIGHTS; s += WG) {
          var weight = 0.0;
          if (s < count) {
            let owed = x[s] - held[s];
            if (abs(owed) * coherences[s] > least) {
              weight = owed;
              held[s] = x[s];
            }
          }
          weights[s >> 2u][s & 3u] = weight;
        }
        $SYNC;
        var doubt = 0.0;
        var owing = 0.0;
        for (var s = lane; s < count; s += lanes) {
          let debt = abs(x[s] - held[s]) * coherences[s];
          owing = max(owing, debt);
          rough += abs(weights[s >> 2u][s & 3u]) * $ROUNDING;
//#if VERIFIED
          doubt += debt + abs(held[s]) * slacks[s];
//#else
          doubt += debt;
//#end
        }
        margin = wave_sum(doubt + rough);
        due = select(wave_max(owing), 0.0, over);
//#if SCRATCHA
        // The search goes along: once through memory does for both.
        for (var c = select(t, M4, over); c < M4; c += WG) {
          var a = A[scratch + c];
          for (var s = 0u; s < count; s++) {
            let weight = weights[s >> 2u][s & 3u];
            if (weight != 0.0) { a -= weight * $SEARCH_at(support[s], c); }
          }
          a = without(a, barred[c >> 3u] >> ((c & 7u) * 4u));
          A[scratch + c] = a;
          own = consider(own, a, 0u, c);
        }
//#else
        for (var s = select(0u, count, over); s < count; s += 4u) {
          let four = weights[s >> 2u];
//#for i in 0..4
          if (four[$i] != 0.0) {
            let weight = four[$i];
            let atom = support[s + $i];
//#include subtract
          }
//#end
        }
//#for v in 0..VQ
//#for e in 0..VE
        a$v_$e = without(a$v_$e, barred$v >> (4u * $e));
//#end
//#end
//#end
