// Writes the codes found for a row.
// Takes: slots, count, support, x. Gives: the row's indices and values. Leaves: at its end, all threads having
// written.
    for (var s = t; s < K; s += WG) {
      indices[slots + s] = select(0xffffffffu, p.atom + support[s], s < count);
      values[slots + s] = select(0.0, x[s], s < count);
    }
    $SYNC;
