import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';

const policy = { firstMs: 1000, maxMs: 60_000 };

test('doubles from the first wait up to the longest', () => {
  expect([0, 1, 2, 5, 6, 100].map((n) => backoffMs(policy, n))).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
});

test('never shrinks, is never longer than allowed, and is finite', () => {
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 10_000 }), (n) => {
      const wait = backoffMs(policy, n);
      expect(wait).toBeGreaterThanOrEqual(policy.firstMs);
      expect(wait).toBeLessThanOrEqual(policy.maxMs);
      expect(backoffMs(policy, n + 1)).toBeGreaterThanOrEqual(wait);
    }),
  );
});
