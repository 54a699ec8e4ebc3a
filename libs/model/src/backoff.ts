/** Growing waits between attempts. */
export interface Backoff {
  /** Wait before the first retry, in milliseconds. */
  firstMs: number;
  maxMs: number;
}

/** The wait before attempt `n` (0: the first retry): `firstMs · 2ⁿ`, at most `maxMs`. */
export function backoffMs({ firstMs, maxMs }: Backoff, n: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(n, 0), 30));
}
