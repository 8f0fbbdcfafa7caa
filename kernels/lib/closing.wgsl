// Writes the codes found for a row.
    for (var s = t; s < K; s += WG) {
      indices[slots + s] = select(0xffffffffu, p.atom + support[s], s < count);
      values[slots + s] = select(0.0, x[s], s < count);
    }
    $SYNC;
