// Atom j leaves the search.
// Takes: j, the atom. Gives: its bit in `barred`. Leaves: at its end.
//#if SCRATCHA
      if (t == 0u) { barred[j >> 5u] |= 1u << (j & 31u); }
//#else
      if ((j >> 2u) % WG == t) {
        let turn = (j >> 2u) / WG;
        let bit = 1u << (4u * (turn % $VE) + (j & 3u));
//#for v in 0..VQ
        if (turn / $VE == $v) { barred$v |= bit; }
//#end
      }
//#end
