import { describe, expect, test } from '@jest/globals';
import type { TaskTarget, Verdict } from '@tutti/model';
import fc from 'fast-check';
import { endpointsOf, sameEndpoints, type Running, type Wanted } from './endpoints.js';

interface Member {
  wanted?: Wanted;
  status?: Running;
  verdict?: Verdict;
}

const member = fc.record({
  slot: fc.integer({ min: 1, max: 5 }),
  running: fc.boolean(),
  recorded: fc.boolean(),
  orphaned: fc.boolean(),
  target: fc.constantFrom<TaskTarget>('run', 'run', 'drain', 'stop'),
  verdict: fc.constantFrom<Verdict | undefined>('healthy', 'healthy', 'unhealthy', 'starting', undefined),
});

const members: fc.Arbitrary<Member[]> = fc.array(member, { maxLength: 12 }).map((all) =>
  all.map(({ slot, running, recorded, orphaned, target, verdict }, index): Member => {
    const task = index.toString(16).padStart(12, '0');
    const addresses = { default: `10.0.0.${index}` };
    return {
      status: { task, node: `n${index % 3}`, slot, running, addresses, ports: [] },
      ...(recorded && { wanted: { task, target, orphaned } }),
      ...(verdict && { verdict }),
    };
  }),
);

const tableOf = (all: readonly Member[]): ReturnType<typeof endpointsOf> =>
  endpointsOf({
    tasks: all.flatMap(({ wanted }) => wanted ?? []),
    statuses: all.flatMap(({ status }) => status ?? []),
    verdictOf: (task) => all.find(({ status }) => status?.task === task)?.verdict,
  });

describe('endpointsOf', () => {
  test('lists just the tasks that run, are healthy and stay', () => {
    fc.assert(
      fc.property(members, (all) => {
        const listed = new Set(tableOf(all).map(({ task }) => task));
        for (const { wanted, status, verdict } of all) {
          const good = status?.running && verdict === 'healthy' && wanted?.target === 'run' && !wanted.orphaned;
          expect(listed.has(status?.task ?? '')).toBe(Boolean(good));
        }
      }),
    );
  });

  test('does not depend on the order in which things became known, and is ordered by slot', () => {
    fc.assert(
      fc.property(members, (all) => {
        const table = tableOf(all);
        expect(tableOf([...all].reverse())).toEqual(table);
        expect(sameEndpoints(table, tableOf(all))).toBe(true);
        expect(table.map(({ slot }) => slot)).toEqual(table.map(({ slot }) => slot).sort((a, b) => a - b));
      }),
    );
  });
});

test('a changed address or port is a change', () => {
  const endpoint = { task: 'a', node: 'n', slot: 1, addresses: { default: '10.0.0.1' }, ports: [] };
  expect(sameEndpoints([endpoint], [{ ...endpoint, addresses: { default: '10.0.0.2' } }])).toBe(false);
  expect(sameEndpoints([endpoint], [{ ...endpoint, addresses: { other: '10.0.0.1' } }])).toBe(false);
  const port = { host: 80, container: 80, protocol: 'tcp' as const };
  expect(sameEndpoints([endpoint], [{ ...endpoint, ports: [port] }])).toBe(false);
  expect(sameEndpoints([endpoint], [])).toBe(false);
});
