// Keeps of the codes those above a floor: one for all, or (EACH) one a latent.
// Bindings: place, whose first word holds the floor (EACH: floors, one a latent) · indices and values, one a slot.
// Dispatch: a thread a slot. Bytes: 8 a slot.
//#params slots: u32
//#if EACH
//#buffer floors read f32
//#else
//#buffer place read u32
//#end
//#buffer indices read_write u32
//#buffer values read_write f32
//#include entry
const NONE: u32 = 0xffffffffu;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let e = group * WG + t;
  if (e >= p.slots) { return; }
  let latent = indices[e];
  if (latent == NONE) { return; }
//#if EACH
  let least = floors[latent];
//#else
  let least = bitcast<f32>(place[0]);
//#end
  if (values[e] <= least) {
    indices[e] = NONE;
    values[e] = 0.0;
  }
}
