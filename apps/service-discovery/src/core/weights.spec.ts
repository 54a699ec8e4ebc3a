import { expect, test } from '@jest/globals';
import type { Endpoint } from '@tutti/model';
import fc from 'fast-check';
import { weighted } from './weights.js';

const endpoints = (fresh: number, old: number): Endpoint[] =>
  Array.from({ length: fresh + old }, (_, n) => ({
    ...{ task: n < fresh ? `new${n}` : `old${n}`, node: 'n1', slot: n + 1, addresses: {}, ports: [] },
  }));
const isNew = (task: string): boolean => task.startsWith('new');
const shareOf = (all: readonly Endpoint[]): number => {
  const sum = (some: readonly Endpoint[]): number => some.reduce((total, { weight = 100 }) => total + weight, 0);
  return (100 * sum(all.filter(({ task }) => isNew(task)))) / sum(all);
};

test('the share of the traffic holds whatever the number of tasks', () => {
  const count = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(count, count, fc.integer({ min: 0, max: 100 }), (fresh, old, share) => {
      const all = weighted(endpoints(fresh, old), isNew, share);
      expect(all.every(({ weight = -1 }) => Number.isInteger(weight) && weight >= 0 && weight <= 256)).toBe(true);
      // Weights go up to 256, so a small share of many tasks beside one is as small as can be.
      const isFine = Math.min(share * old, (100 - share) * fresh) * 256 >= Math.max(share * old, (100 - share) * fresh);
      if (isFine) expect(Math.abs(shareOf(all) - share)).toBeLessThan(1);
      if (share === 0 || share === 100) expect(shareOf(all)).toBe(share);
    }),
  );
});

test('where one version is alone it has all of the traffic', () => {
  expect(weighted(endpoints(0, 2), isNew, 100).map(({ weight }) => weight)).toEqual([undefined, undefined]);
  expect(weighted(endpoints(2, 0), isNew, 0).map(({ weight }) => weight)).toEqual([undefined, undefined]);
});
