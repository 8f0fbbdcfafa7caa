// First half of a stable counting sort of the codes: ranks within a block of rows, and the block's histogram. The key
// of a slot is its atom's turn in the update (BATCHES: counted once for a row and atom batch, whichever slot is first).
// Rows are taken one after the other; a row's atoms differ, so its slots never meet in a counter.
// Bindings: indices, KT slots a row, K from `slot` · turns, one an atom · ranks, K a row · counts, keys a block.
// Dispatch: one workgroup a block of `block` rows. Bytes: 12 a slot.
//#params rows: u32, slot: u32, block: u32, first: u32, keys: u32, batch: u32
//#buffer indices read u32
//#buffer turns read u32
//#buffer ranks read_write u32
//#buffer counts read_write u32
//#include entry
const NONE: u32 = 0xffffffffu;
//#if BATCHES
//#if LOCAL
var<workgroup> seen: array<atomic<u32>, $KEYS>;
//#else
//#buffer seen read_write atomic<u32>
//#end
//#end
//#if LOCAL
var<workgroup> tally: array<u32, $KEYS>;
//#end

fn next(key: u32) -> u32 {
//#if LOCAL
  let rank = tally[key];
  tally[key] = rank + 1u;
//#else
  let rank = counts[own_group * p.keys + key];
  counts[own_group * p.keys + key] = rank + 1u;
//#end
  return rank;
}

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let begin = group * p.block;
  let end = min(begin + p.block, p.rows);
//#if !LOCAL
  for (var key = t; key < p.keys; key += WG) {
    counts[group * p.keys + key] = 0u;
//#if BATCHES
    atomicStore(&seen[group * p.keys + key], 0u);
//#end
  }
  storageBarrier();
//#end
  for (var row = begin; row < end; row++) {
    for (var s = t; s < $K; s += WG) {
      let atom = indices[row * $KT + p.slot + s];
      var rank = NONE;
      if (atom != NONE) {
        let turn = turns[atom] - p.first;
//#if BATCHES
        let batch = turn / p.batch;
//#if LOCAL
        let before = atomicExchange(&seen[batch], row + 1u);
//#else
        let before = atomicExchange(&seen[group * p.keys + batch], row + 1u);
//#end
        if (before != row + 1u) { rank = next(turn); }
//#else
        rank = next(turn);
//#end
      }
      ranks[row * $K + s] = rank;
    }
    $SYNC;
  }
//#if LOCAL
  for (var key = t; key < p.keys; key += WG) {
    counts[group * p.keys + key] = tally[key];
  }
//#end
}
