// What active latents near their floors are worth to rows, added up over a latent's uses in the order of rows: by how
// much the squared error of a row falls where the latent is active, 2x·⟨rest without it, atom⟩ − x². The rest without
// it is what there is where it is inactive, and x·atom more where it is active.
// Bindings: lists of slots by latent · values and slopes, one a slot, these ⟨rest, atom⟩ · floors, one a latent ·
// worths, one a latent: the sum so far, and how many it is of. Dispatch: a thread a latent. Bytes: 12 a use.
//#params latents: u32
//#buffer lists read u32
//#buffer values read f32
//#buffer slopes read f32
//#buffer floors read f32
//#buffer worths read_write vec2<f32>
//#include entry
//#include lists
//#include near

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let latent = group * WG + t;
  if (latent >= p.latents) { return; }
  let least = floors[latent];
  var worth = worths[latent];
  for (var q = lists[latent]; q < lists[latent + 1u]; q++) {
    let slot = lists[LISTS + q];
    let x = values[slot];
    if (!is_near(x, least)) { continue; }
    worth += vec2<f32>(2.0 * x * slopes[slot] + select(-x, x, x > least) * x, 1.0);
  }
  worths[latent] = worth;
}
