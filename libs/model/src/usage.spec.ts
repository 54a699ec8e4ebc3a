import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ALL_TIME, runMsWithin } from './usage.js';

const at = (ms: number): string => new Date(ms).toISOString();
const usage = { runs: [{ from: at(1000), to: at(3000) }, { from: at(5000) }], olderRunMs: 0 };

describe('runMsWithin', () => {
  test('adds up runs, an open one up to now', () => {
    expect(runMsWithin(usage, ALL_TIME, 9000)).toBe(6000);
  });

  test('counts only what lies in the range', () => {
    expect(runMsWithin(usage, { from: 2000, to: 6000 }, 9000)).toBe(2000);
    expect(runMsWithin(usage, { from: 3000, to: 5000 }, 9000)).toBe(0);
    expect(runMsWithin(usage, { from: 0, to: 100 }, 9000)).toBe(0);
  });

  test('counts dropped runs whole where the range covers them, else by their share', () => {
    const folded = { ...usage, olderRunMs: 400, olderRunsFrom: at(0) };
    expect(runMsWithin(folded, ALL_TIME, 9000)).toBe(6400);
    expect(runMsWithin(folded, { from: 500, to: 9000 }, 9000)).toBe(6200);
    expect(runMsWithin(folded, { from: 1000, to: 9000 }, 9000)).toBe(6000);
  });

  test('a range cut in two counts the same as whole', () => {
    const runs = fc
      .uniqueArray(fc.integer({ min: 0, max: 100_000 }), { minLength: 2, maxLength: 20 })
      .map((times) => times.sort((a, b) => a - b))
      .map((times) => times.slice(0, times.length & ~1))
      .map((times) =>
        times.flatMap((time, i) => (i % 2 === 0 ? [{ from: at(time), to: at(times[i + 1] ?? time) }] : [])),
      );
    fc.assert(
      fc.property(runs, fc.integer({ min: 0, max: 100_000 }), (some, cut) => {
        const whole = { runs: some, olderRunMs: 0 };
        const parts = [
          { from: -Infinity, to: cut },
          { from: cut, to: Infinity },
        ].map((range) => runMsWithin(whole, range, 200_000));
        expect(parts.reduce((a, b) => a + b)).toBe(runMsWithin(whole, ALL_TIME, 200_000));
      }),
    );
  });
});
