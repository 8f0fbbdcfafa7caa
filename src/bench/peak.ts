/** What a card has at most. */
export interface Peak {
  flops: number;
  bytes: number;
}

/** Makers' figures for fp32 arithmetic without tensor cores, and for memory. */
const PEAKS: readonly [RegExp, Peak][] = [
  [/H200/, { flops: 66.9e12, bytes: 4.8e12 }],
  [/H100.*(HBM3|SXM)/, { flops: 66.9e12, bytes: 3.35e12 }],
  [/H100/, { flops: 51.2e12, bytes: 2.0e12 }],
  [/A100.*80/, { flops: 19.5e12, bytes: 2.04e12 }],
  [/A100/, { flops: 19.5e12, bytes: 1.56e12 }],
  [/RTX 4090/, { flops: 82.6e12, bytes: 1.01e12 }],
];

/** The peak of a card, by its name; `undefined` for cards that the table lacks. */
export function peakOf(name: string): Peak | undefined {
  return PEAKS.find(([pattern]) => pattern.test(name))?.[1];
}
