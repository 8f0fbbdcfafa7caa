// Takes the digit of the value that so many exceed from the counts of tally.wgsl, and clears them for the next one: the
// first of four steps begins the search. Where there are fewer values than that, the digits found are zeros.
// Bindings: counts, one a digit · place: the digits found; the place of the value among those that begin so, counted
// from the largest, the first one being 1. Dispatch: one workgroup. Bytes: 2048.
//#params begins: u32, wanted: u32
//#buffer counts read_write u32
//#buffer place read_write u32
//#include entry
var<workgroup> tally: array<u32, 256>;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  for (var digit = t; digit < 256u; digit += WG) {
    tally[digit] = counts[digit];
    counts[digit] = 0u;
  }
  workgroupBarrier();
  if (group > 0u || t > 0u) { return; }
  let first = p.begins == 1u;
  var left = select(place[1], p.wanted, first);
  var found = 0u;
  var above = 0u;
  for (var i = 0u; i < 256u; i++) {
    let digit = 255u - i;
    if (above + tally[digit] >= left) {
      left -= above;
      found = digit;
      break;
    }
    above += tally[digit];
  }
  place[0] = (select(place[0], 0u, first) << 8u) | found;
  place[1] = left;
}
