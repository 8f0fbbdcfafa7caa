// One buffer of lists: where each key's list begins (and the last one ends), from 0; where its pieces do, from PIECES;
// the lists themselves, from LISTS.
// Declares: PIECES, LISTS. Needs: nothing.
const PIECES: u32 = $LISTKEYS + 1u;
const LISTS: u32 = 2u * PIECES;
