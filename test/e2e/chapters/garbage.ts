import { fuzz } from '../../fuzz/cases/garbage.js';
import type { Stage } from './stage.js';

/** A reduced number of the cases of `npm run fuzz`. */
const CASES = 400;

export function garbage(stage: Stage): void {
  it('refuses garbage on every subject and route in clear words, and stays as it is', async () => {
    const { faults, cases, buried } = await fuzz(stage.cluster, { cases: CASES, seed: Date.now() % 1_000_000 });
    expect(faults).toEqual([]);
    expect(cases).toBe(CASES);
    expect(buried).toBeGreaterThan(0);
  });
}
