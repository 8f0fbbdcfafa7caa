// Counts the values of codes by one digit of eight bits, of those whose higher digits are the ones found so far: a step
// towards the value that so many exceed (see floor.wgsl). Values are not negative, so that their bits order as they do.
// Bindings: values, one a slot · place: the digits found, and which of the values that begin so is looked for · counts,
// one a digit. Dispatch: a workgroup for every WG·EACH slots. Bytes: 4 a slot.
//#params slots: u32, shift: u32
//#buffer values read f32
//#buffer place read u32
//#buffer counts read_write atomic<u32>
//#include entry
const EACH: u32 = $EACH;
var<workgroup> tally: array<atomic<u32>, 256>;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let found = place[0];
  for (var i = 0u; i < EACH; i++) {
    let e = (group * EACH + i) * WG + t;
    if (e >= p.slots) { break; }
    let digits = bitcast<u32>(values[e]) >> p.shift;
    // All bits of the first digit's values are shifted out, as nothing is found yet.
    if ((digits >> 8u) == found) { atomicAdd(&tally[digits & 255u], 1u); }
  }
  workgroupBarrier();
  for (var digit = t; digit < 256u; digit += WG) {
    let count = atomicLoad(&tally[digit]);
    if (count > 0u) { atomicAdd(&counts[digit], count); }
  }
}
