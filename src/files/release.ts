/**
 * Gives a buffer's memory back at once, which the garbage collector would do later. Its views are empty from then on.
 */
export function release(buffer: ArrayBuffer): void {
  buffer.transfer(0);
}
