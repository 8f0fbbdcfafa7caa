// a ← a − Σ weights·G over the support, of the Gram that is searched; two atoms' reads in flight.
// Takes: count, weights, support. Gives: the search's correlations. Leaves: at its end.
//#if SCRATCHA
        for (var c = t; c < M4; c += WG) {
          var a = A[scratch + c];
          for (var s = 0u; s < count; s++) { a -= weights[s] * $SEARCH_at(support[s], c); }
          A[scratch + c] = a;
        }
//#else
        var s = 0u;
        for (; s + 2u <= count; s += 2u) {
          let weight = weights[s];
          let atom = support[s];
          let weight1 = weights[s + 1u];
          let atom1 = support[s + 1u];
//#for v in 0..VQ
//#for e in 0..VE
          a$v_$e -= weight * $SEARCH_at(atom, t + ($v * $VE + $e) * WG);
          a$v_$e -= weight1 * $SEARCH_at(atom1, t + ($v * $VE + $e) * WG);
//#end
//#end
        }
        if (s < count) {
          let weight = weights[s];
          let atom = support[s];
//#include subtract
        }
//#end
