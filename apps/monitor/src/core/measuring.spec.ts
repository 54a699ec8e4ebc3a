import { describe, expect, test } from '@jest/globals';
import type { RolloutRecord, VersionTraffic } from '@tutti/model';
import {
  begun,
  folded,
  recordOf,
  sameFigures,
  SILENT_MS,
  stepsOf,
  versionsIn,
  type Fold,
  type Step,
} from './measuring.js';

const SINCE = '2026-01-01T00:00:00.000Z';
const STEP: Step = {
  ...{ namespace: 'default', app: 'shop', service: 'web', revision: 2, digest: 'two', step: 1, since: SINCE },
};
const NOW = Date.parse(SINCE);
const count = (digest: string, requests: number, over: Partial<VersionTraffic> = {}): VersionTraffic => ({
  ...{ digest, since: SINCE, requests, failed: 0, timed: requests, tookMs: 10 * requests },
  ...over,
});
const hear = (fold: Fold, node: string, counts: VersionTraffic[]): Fold => folded(fold, { node, counts, now: NOW });
const figures = (fold: Fold, now = NOW) => {
  const { fresh, old, nodes } = recordOf(fold, now);
  return { fresh: [fresh.requests, fresh.failed], old: [old.requests, old.failed], nodes };
};

describe('what is measured in a step', () => {
  test('is what each node counts after its first word, over all nodes, by version', () => {
    const first = hear(hear(begun(STEP), 'n1', [count('one', 900), count('two', 40)]), 'n2', [count('one', 50)]);
    expect(figures(first)).toEqual({ fresh: [0, 0], old: [0, 0], nodes: 2 });
    const next = hear(first, 'n1', [count('one', 910), count('two', 46, { failed: 2 })]);
    expect(figures(hear(next, 'n2', [count('one', 51), count('two', 4, { failed: 1 })]))).toEqual({
      ...{ fresh: [10, 3], old: [11, 0], nodes: 2 },
    });
  });

  test('does not count twice what is told twice, or in another order', () => {
    const first = hear(begun(STEP), 'n1', [count('two', 0)]);
    const words = [5, 9, 5, 9, 12];
    const fold = words.reduce((before, requests) => hear(before, 'n1', [count('two', requests)]), first);
    expect(figures(fold).fresh).toEqual([12, 0]);
  });

  test('goes on when a proxy begins to count anew', () => {
    const first = hear(hear(begun(STEP), 'n1', [count('two', 100)]), 'n1', [count('two', 107)]);
    const anew = hear(first, 'n1', [count('two', 3, { since: '2026-01-01T00:00:09.000Z' })]);
    expect(figures(anew).fresh).toEqual([10, 0]);
    expect(figures(hear(anew, 'n1', [count('two', 4, { since: '2026-01-01T00:00:09.000Z' })])).fresh).toEqual([11, 0]);
  });

  test('takes as long as the requests of all nodes take on average', () => {
    const first = ['n1', 'n2'].reduce((fold, node) => hear(fold, node, [count('two', 0)]), begun(STEP));
    const slow = hear(first, 'n1', [count('two', 10, { tookMs: 1000 })]);
    expect(recordOf(hear(slow, 'n2', [count('two', 30, { tookMs: 600 })]), NOW).fresh).toEqual({
      ...{ requests: 40, failed: 0, timed: 40, latencyMs: 40 },
    });
  });

  test('counts a node among those that tell for as long as it does', () => {
    const fold = hear(begun(STEP), 'n1', [count('two', 0)]);
    expect([figures(fold, NOW + SILENT_MS - 1).nodes, figures(fold, NOW + SILENT_MS).nodes]).toEqual([1, 0]);
  });

  test('goes on from what another monitor had measured of just this step', () => {
    const before = hear(hear(begun(STEP), 'n1', [count('two', 0)]), 'n1', [count('two', 20, { failed: 1 })]);
    const record = { ...recordOf(before, NOW), updatedAt: SINCE };
    const again = hear(hear(begun(STEP, record), 'n1', [count('two', 25)]), 'n1', [count('two', 26)]);
    expect(figures(again).fresh).toEqual([21, 1]);
    expect(figures(begun({ ...STEP, step: 2 }, record)).fresh).toEqual([0, 0]);
    expect([sameFigures(record, recordOf(before, NOW)), sameFigures(record, recordOf(again, NOW))]).toEqual([
      true,
      false,
    ]);
  });
});

test('steps are those of services that are judged by their requests', () => {
  const shift = { digest: 'two', step: 1, steps: 3, share: 10, since: SINCE };
  const services = { web: { shift: { ...shift, measured: true } }, api: { shift }, db: {} };
  const rollout = { namespace: 'default', app: 'shop', revision: 2, services } as unknown as RolloutRecord;
  expect(stepsOf(rollout)).toEqual([STEP]);
});

test('of a message only what has the shape of counts is taken', () => {
  const good = { namespace: 'default', app: 'shop', service: 'web', versions: [count('two', 1)] };
  const bad = [null, {}, { ...good, versions: [{ ...count('two', 1), failed: -1 }] }, { ...good, service: 3 }];
  expect(versionsIn({ services: [...bad, good] })).toEqual([good]);
  expect([versionsIn(undefined), versionsIn({ services: 'x' })]).toEqual([[], []]);
});
