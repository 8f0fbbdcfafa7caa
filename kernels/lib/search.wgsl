// This thread's best candidate.
      var own = vec2<u32>(0u, 0xffffffffu);
//#if SCRATCHA
      for (var c = t; c < M4; c += WG) {
        own = consider(own, work[scratch + c], barred[c >> 3u] >> ((c & 7u) * 4u), c);
      }
//#else
//#for v in 0..VQ
//#for e in 0..VE
      own = consider(own, a$v_$e, barred$v >> (4u * $e), t + ($v * $VE + $e) * WG);
//#end
//#end
//#end
