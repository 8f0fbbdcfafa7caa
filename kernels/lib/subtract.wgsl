// a ← a − weight·G_atom, of the Gram that is searched
// Takes: weight, atom. Gives: a0_0 …, or the scratch row. Leaves: at its end.
//#if SCRATCHA
          for (var c = t; c < M4; c += WG) {
            A[scratch + c] -= weight * $SEARCH_at(atom, c);
          }
//#else
//#for v in 0..VQ
//#for e in 0..VE
          a$v_$e -= weight * $SEARCH_at(atom, t + ($v * $VE + $e) * WG);
//#end
//#end
//#end
