// Turns each key's block counts into running offsets, and gives the key's total.
// Bindings: counts, keys a block · totals, one a key. Dispatch: a thread a key. Bytes: 8 a counter.
//#params keys: u32, blocks: u32
//#buffer counts read_write u32
//#buffer totals read_write u32
//#include entry

@compute @workgroup_size(WG) fn main(invocation: Invocation) {
  enter(invocation);
  let key = group * WG + t;
  if (key >= p.keys) { return; }
  var running = 0u;
  for (var b = 0u; b < p.blocks; b++) {
    let count = counts[b * p.keys + key];
    counts[b * p.keys + key] = running;
    running += count;
  }
  totals[key] = running;
}
