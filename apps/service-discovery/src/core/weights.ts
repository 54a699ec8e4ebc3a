import type { Endpoint, Shift } from '@tutti/model';

/** Of the data plane. */
const MOST = 256;

/** What matters here of how a service's traffic moves to its new version. */
export type Moving = Pick<Shift, 'digest' | 'share' | 'measured'>;

/**
 * Endpoints with weights by which the new version has its share of the traffic, however many tasks either has. Where only
 * one of the versions is there it has all of it.
 */
export function weighted(endpoints: readonly Endpoint[], isNew: (task: string) => boolean, share: number): Endpoint[] {
  const fresh = endpoints.filter(({ task }) => isNew(task)).length;
  const old = endpoints.length - fresh;
  if (fresh === 0 || old === 0) return [...endpoints];
  const [ofNew, ofOld] = weights(share * old, (100 - share) * fresh);
  return endpoints.map((endpoint) => ({ ...endpoint, weight: isNew(endpoint.task) ? ofNew : ofOld }));
}

/** The two whole numbers up to 256 whose ratio is nearest; neither is 0 that should not be. */
function weights(a: number, b: number): [number, number] {
  if (a === 0 || b === 0) return [a === 0 ? 0 : 100, b === 0 ? 0 : 100];
  const [more, less] = [Math.max(a, b), Math.min(a, b)];
  let best = { high: MOST, low: 1, error: Infinity };
  for (let high = 1; high <= MOST; high++) {
    const low = Math.max(1, Math.round((high * less) / more));
    const error = Math.abs(low / high - less / more);
    // The greater of equal ones, so that there is room for a proxy to make them smaller.
    if (error <= best.error) best = { high, low, error };
  }
  return a >= b ? [best.high, best.low] : [best.low, best.high];
}
