/** Decoder rows of latents that are never negative: [D; −D]. */
export function bothSigns(dictionary: Float32Array): Float32Array {
  const both = new Float32Array(2 * dictionary.length);
  both.set(dictionary);
  both.set(dictionary.map((value) => -value), dictionary.length);
  return both;
}
