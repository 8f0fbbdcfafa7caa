// Whether a pre-activation lies near its latent's floor, on either side of it: these tell which way the floor should
// move.
// Declares: is_near(value, least). Needs: nothing.
fn is_near(value: f32, least: f32) -> bool {
  return value * $WINDOW > least && value < $WINDOW * least;
}
