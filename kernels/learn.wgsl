// One step of Adam on every latent's row of P, by its gradient: the sum, in the order of rows, over the uses of the
// latent, of factor·weight·(the row of S that the use is of). Encoder rows learn by rows, weighed by slopes, and biases
// with them; decoder rows (DECODER) by what is left of rows from the latent's level on, weighed by the codes, and are
// scaled to length 1.
// Bindings: S rows × n4 (DECODER: rows·levels × n4) · weights, KT slots a row · lists of slots by latent · P latents ×
// n4 · M latents × 2·n4, Adam's means and squares · (DECODER) levels, one a latent · (else) bias and state, one a
// latent. Dispatch: one workgroup a latent. Bytes: 4n a use and 24n a latent. Flops: 2n a use and 12n a latent.
//#params latents: u32, rows: u32, levels: u32, factor: f32, rate: f32, short: f32
//#matrix S read
//#buffer weights read f32
//#buffer lists read u32
//#matrix P read_write
//#matrix M read_write
//#include entry
//#include lists
//#if DECODER
//#buffer levels read u32
//#include sum
//#else
//#buffer bias read_write f32
//#buffer states read_write State
// The moments of a bias; rows since the latent was active.
struct State { mean: f32, square: f32, silent: u32 }
//#end
const N4: u32 = $N4;
const EPSILON: f32 = $EPSILON;

@compute @workgroup_size(WG) fn main(
//#include builtins
) {
//#include enter
  let latent = group;
  if (latent >= p.latents) { return; }
  let begin = lists[latent];
  let end = lists[latent + 1u];
//#if DECODER
  let level = levels[latent];
//#end
//#include elements
//#for v in 0..V
  var g$v = vec4<f32>();
//#end
  var along = 0.0;
  // Four uses in flight.
  var q = begin;
  for (; q + 4u <= end; q += 4u) {
//#for i in 0..4
    let slot$i = lists[LISTS + q + $i];
//#if DECODER
    let from$i = slot$i / $KT * p.levels + level;
//#else
    let from$i = slot$i / $KT;
//#end
    let x$i = weights[slot$i];
//#end
//#for v in 0..V
//#for i in 0..4
    let s$i_$v = S_at(from$i, c$v);
//#end
//#end
//#for i in 0..4
    along += x$i;
//#for v in 0..V
    g$v += x$i * s$i_$v;
//#end
//#end
  }
  for (; q < end; q++) {
    let slot = lists[LISTS + q];
//#if DECODER
    let source = slot / $KT * p.levels + level;
//#else
    let source = slot / $KT;
//#end
    let x = weights[slot];
    along += x;
//#for v in 0..V
    g$v += x * S_at(source, c$v);
//#end
  }
  var own = 0.0;
//#for v in 0..V
  g$v *= p.factor;
  let mean$v = $MEAN * M_at(latent, c$v) + $NEWMEAN * g$v;
  let square$v = $SQUARE * M_at(latent, N4 + c$v) + $NEWSQUARE * g$v * g$v;
  var p$v = P_at(latent, c$v) - p.rate * mean$v / (sqrt(p.short * square$v) + EPSILON);
  if (inside$v) { own += dot(p$v, p$v); }
//#end
//#if DECODER
  let length = sqrt(workgroup_sum(own));
  let scale = select(1.0, 1.0 / length, length > 0.0);
//#for v in 0..V
  p$v *= scale;
//#end
//#end
//#for v in 0..V
  if (inside$v) {
    P_put(latent, c$v, p$v);
    M_put(latent, c$v, mean$v);
    M_put(latent, N4 + c$v, square$v);
  }
//#end
//#if !DECODER
  if (t == 0u) {
    let slope = p.factor * along;
    let mean = $MEAN * states[latent].mean + $NEWMEAN * slope;
    let square = $SQUARE * states[latent].square + $NEWSQUARE * slope * slope;
    bias[latent] -= p.rate * mean / (sqrt(p.short * square) + EPSILON);
    let silent = select(0u, states[latent].silent + p.rows, begin == end);
    states[latent] = State(mean, square, silent);
  }
//#end
}
