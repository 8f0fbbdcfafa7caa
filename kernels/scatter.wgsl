// Second half of the counting sort: every slot goes to its key's list at its rank, so rows ascend within a list.
// Bindings: indices · turns · ranks · counts (running offsets) · lists of slots (BATCHES: of rows).
// Dispatch: a thread a slot. Bytes: 24 a slot.
//#params rows: u32, slot: u32, block: u32, first: u32, keys: u32
//#buffer indices read u32
//#buffer turns read u32
//#buffer ranks read u32
//#buffer counts read u32
//#buffer lists read_write u32
//#include entry
//#include lists

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let e = group * WG + t;
  if (e >= p.rows * $K) { return; }
  let rank = ranks[e];
  if (rank == 0xffffffffu) { return; }
  let row = e / $K;
  let at = row * $KT + p.slot + e % $K;
  let key = turns[indices[at]] - p.first;
//#if BATCHES
  let entry = row;
//#else
  let entry = at;
//#end
  lists[LISTS + lists[key] + counts[(row / p.block) * p.keys + key] + rank] = entry;
}
