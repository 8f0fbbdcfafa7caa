// A row's support as a pursuit left it: `support` and `right`, its correlations, for the slots that this thread has;
// `own` is one more than the last of them that holds an atom.
// Takes: index. Gives: row, slots, own; in workgroup memory support and right. Leaves: at its end, before a
// barrier.
    let row = p.row + index;
    let slots = row * KT + p.slot;
    var own = 0u;
    for (var s = t; s < K; s += WG) {
      let atom = indices[slots + s];
      if (atom != 0xffffffffu) {
        let j = atom - p.atom;
        support[s] = j;
        right[s] = A[index * $M4 + (j >> 2u)][j & 3u];
        own = s + 1u;
      }
    }
