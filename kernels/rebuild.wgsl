// What every level of an autoencoder leaves of a row, y less the active latents up to the level, and how the loss, the
// mean of ‖rest‖² over rows and levels, changes with each active latent: factor·⟨rests from its level on, its atom⟩.
// Of each level, the sum over it and all later ones is kept: a latent answers for all of these.
// FLOORS: without levels, by the latents above their floors, and for those near their floors.
// Bindings: indices and values, KT slots a row, holes among them · slopes, one a slot · levels (FLOORS: floors), one a
// latent · Y rows × n4 · D latents × n4 · R rows·levels × n4, a row's levels together.
// Dispatch: one workgroup a row; each wave takes slots of its own in the end. Bytes: 4n a row, 8n a row and level, and
// 8n a nonzero (atoms, mostly from cache). Flops: 4n a nonzero.
//#params rows: u32, levels: u32, factor: f32
//#buffer indices read u32
//#buffer values read f32
//#buffer slopes read_write f32
//#if FLOORS
//#buffer floors read f32
//#include near
//#else
//#buffer levels read u32
//#end
//#matrix Y read
//#matrix D read
//#matrix R read_write
//#include entry
//#include wave
const KT: u32 = $KT;
const NONE: u32 = 0xffffffffu;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  let first = group * KT;
  let rests = group * p.levels;
//#include elements
//#for v in 0..V
  var r$v = Y_at(group, c$v);
//#end
  for (var level = 0u; level < p.levels; level++) {
    for (var s = first; s < first + KT; s++) {
      let latent = indices[s];
      if (latent == NONE) { continue; }
      let x = values[s];
//#if FLOORS
      if (x <= floors[latent]) { continue; }
//#else
      if (levels[latent] != level) { continue; }
//#end
//#for v in 0..V
      r$v -= x * D_at(latent, c$v);
//#end
    }
//#for v in 0..V
    if (inside$v) { R_put(rests + level, c$v, r$v); }
//#end
  }
  for (var i = 1u; i < p.levels; i++) {
    let place = rests + p.levels - 1u - i;
//#for v in 0..V
    if (inside$v) {
      r$v += R_at(place, c$v);
      R_put(place, c$v, r$v);
    }
//#end
  }
  storageBarrier();
  workgroupBarrier();
  for (var s = first + wave; s < first + KT; s += waves) {
    let latent = indices[s];
    if (latent == NONE) { continue; }
//#if FLOORS
    if (!is_near(values[s], floors[latent])) { continue; }
    let place = rests;
//#else
    let place = rests + levels[latent];
//#end
    var own = 0.0;
    for (var c = lane; c < $N4; c += lanes) { own += dot(R_at(place, c), D_at(latent, c)); }
    let along = wave_sum(own);
    if (lane == 0u) { slopes[s] = p.factor * along; }
  }
}
