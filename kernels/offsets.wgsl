// Turns each key's block counts into running offsets, and gives the key's total.
// Bindings: counts, keys a block · totals, one a key. Dispatch: a thread a key. Bytes: 8 a counter.
//#params keys: u32, blocks: u32
//#buffer counts read_write u32
//#buffer totals read_write u32
//#include entry

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let key = group * WG + t;
  if (key >= p.keys) { return; }
  var running = 0u;
  // Reads go ahead of writes, so that they do not wait for each other.
  var b = 0u;
  for (; b + 16u <= p.blocks; b += 16u) {
//#for i in 0..16
    let count$i = counts[(b + $i) * p.keys + key];
//#end
//#for i in 0..16
    counts[(b + $i) * p.keys + key] = running;
    running += count$i;
//#end
  }
  for (; b < p.blocks; b++) {
    let count = counts[b * p.keys + key];
    counts[b * p.keys + key] = running;
    running += count;
  }
  totals[key] = running;
}
