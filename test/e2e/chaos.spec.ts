// A minute of the randomised chaos; `npm run chaos` has fifteen.
import { resolve } from 'node:path';
import { jest } from '@jest/globals';
import { randomRun } from '../chaos/random/run.js';

const SEED = 20;
const MINUTE_MS = 60_000;

jest.setTimeout(6 * MINUTE_MS);

test('what must hold holds, whatever breaks while people work', async () => {
  const result = await randomRun({ seed: SEED, ms: MINUTE_MS, root: resolve(process.cwd()) });
  const told = {
    faults: result.faults,
    evidence: result.evidence,
    lines: result.faults.length > 0 ? result.lines : [],
  };
  expect(told).toEqual({ faults: [], evidence: [], lines: [] });
  expect(result.commands).toBeGreaterThan(10);
  expect(Object.keys(result.counts).length).toBeGreaterThan(3);
});
