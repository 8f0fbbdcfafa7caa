// The K largest correlations of a row, as they are, the largest first and the lower atom on ties: what a row's atoms
// show, where nothing is to be rebuilt from it. Each is the best of those that come after the one before, so that no
// atom has to be barred. BIASED: of an autoencoder's pre-activations, each correlation and its latent's bias; SCALED:
// of these those that are largest times their latent's scale.
// Bindings: A rows × m4 correlations · energies by row of the batch (BIASED: bias, m4; SCALED: scales, m4) · indices
// and values, KT slots a row, K of them from `slot`.
// Dispatch: one workgroup a row. Bytes: 4m·K a row.
//#params rows: u32, row: u32, slot: u32, atom: u32
//#buffer A read vec4<f32>
//#if BIASED
//#buffer bias read vec4<f32>
//#if SCALED
//#buffer scales read vec4<f32>
//#end
//#else
//#buffer energies read vec2<f32>
//#end
//#buffer indices read_write u32
//#buffer values read_write f32
//#include entry
//#include best
const K: u32 = $K;
const M4: u32 = $M4;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  if (group >= p.rows) { return; }
  let row = p.row + group;
  let slots = row * $KT + p.slot;
//#if BIASED
  let negligible = 0u;
//#else
  let negligible = bitcast<u32>($FLOOR * sqrt(energies[row].y));
//#end
  var last = vec2<u32>(0xffffffffu, 0u);
  for (var s = 0u; s < K; s++) {
    var own = NO_CANDIDATE;
    for (var c = t; c < M4; c += WG) {
//#if BIASED
//#if SCALED
      let a = (A[group * M4 + c] + bias[c]) * scales[c];
//#else
      let a = A[group * M4 + c] + bias[c];
//#end
//#else
      let a = A[group * M4 + c];
//#end
//#for e in 0..4
//#if POSITIVE
      let size$e = bitcast<u32>(max(a[$e], 0.0));
//#else
      let size$e = bitcast<u32>(abs(a[$e]));
//#end
      let found$e = vec2<u32>(size$e, 4u * c + $e);
      if (size$e < last.x || (size$e == last.x && found$e.y > last.y)) { own = better(own, found$e); }
//#end
    }
    last = workgroup_best(own);
    if (t == 0u) {
      let taken = last.x > negligible && last.y != NO_CANDIDATE.y;
      let j = min(last.y, 4u * M4 - 1u);
      indices[slots + s] = select(0xffffffffu, p.atom + j, taken);
//#if BIASED
      let value = A[group * M4 + (j >> 2u)][j & 3u] + bias[j >> 2u][j & 3u];
      values[slots + s] = select(0.0, value, taken);
//#else
      values[slots + s] = select(0.0, A[group * M4 + (j >> 2u)][j & 3u], taken);
//#end
    }
  }
}
