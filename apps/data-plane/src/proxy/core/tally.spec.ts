import { describe, expect, test } from '@jest/globals';
import { DEFAULT_TRAFFIC } from '@tutti/model';
import fc from 'fast-check';
import { between, readCounters, WINDOW, type Counters } from './counters.js';
import type { Backend } from './layout.js';
import type { Slot } from './table.js';
import { Tally } from './tally.js';

const HEAD = '# pxname,svname,scur,stot,econ,eresp,wretr,wredis,cli_abrt,srv_abrt,hrsp_2xx,hrsp_5xx,hrsp_other,ttime,';

// As HAProxy 2.6 was seen to count.
test.each<[string, string, Partial<Counters>]>([
  ['answers', '0,9,0,0,0,0,0,0,7,2,0,40', { requests: 9, failed: 2, answers: 9, meanMs: 40 }],
  ['one that broke off', '0,1,0,1,0,0,0,1,1,0,0,1', { requests: 1, failed: 1, answers: 1 }],
  ['none, which was not repeated', '0,1,0,1,0,0,0,0,0,0,0,0', { requests: 1, failed: 1, answers: 0 }],
  ['five that others answered for', '0,5,0,0,5,5,0,0,0,0,0,0', { requests: 5, failed: 5 }],
  ['ten that were repeated in vain', '0,11,0,1,20,0,0,0,0,0,0,0', { requests: 11, failed: 11 }],
  ['connections that were refused', '0,8,1,0,0,7,0,0,0,0,0,0', { requests: 8, failed: 8 }],
  ['what is under way, and whose client has gone', '3,5,0,0,0,0,2,0,0,0,0,0', { requests: 0, failed: 0 }],
])('of a server it is read: %s', (_, numbers, counters) => {
  const read = readCounters(`${HEAD}\nhttp:a,s1,${numbers},\n`, () => true);
  expect(read.get('http:a/s1')).toMatchObject(counters);
});

test('of streams only connections are known, and other lines are passed over', () => {
  const text = [
    `${HEAD}\ntcp:a,s1,0,20,1,0,3,4,0,0,,,,9,`,
    `${HEAD}\ntcp:a,BACKEND,0,99,0,0,0,0,0,0,9,0,0,1,`,
    '1 tcp:a 1 s1 127.0.0.1 2 0 100 100 1 6 3 4 0 0 0 0 - 80 -',
  ].join('\n');
  expect([...readCounters(text, () => false)]).toEqual([
    ['tcp:a/s1', { requests: 20, failed: 8, answers: 0, meanMs: 0 }],
  ]);
});

/** HAProxy's own way to a mean: a plain sum up to its window, then one from which older answers fade. */
function haproxy(times: readonly number[]): Counters {
  let sum = 0;
  times.forEach((took, index) => (sum += took - (index < WINDOW ? 0 : sum / WINDOW)));
  const answers = times.length;
  return { requests: answers, failed: 0, answers, meanMs: answers === 0 ? 0 : sum / Math.min(answers, WINDOW) };
}

test('a mean is of the answers between two readings, whoever had the server before', () => {
  const answers = fc.record({ count: fc.integer({ min: 0, max: 1500 }), took: fc.nat(5000) });
  const times = ({ count, took }: { count: number; took: number }): number[] =>
    Array.from({ length: count }, () => took);
  fc.assert(
    fc.property(answers, answers, (first, second) => {
      const more = between(haproxy(times(first)), haproxy([...times(first), ...times(second)]));
      const expected = second.count * second.took;
      expect(more.timed).toBe(second.count);
      expect(Math.abs(more.tookMs - expected)).toBeLessThan(1e-3 * Math.max(1, expected));
    }),
  );
});

test('an answer that breaks off after it was counted has failed all the same', () => {
  const answered = { requests: 5, failed: 0, answers: 5, meanMs: 10 };
  expect(between(answered, { ...answered, failed: 1 })).toMatchObject({ requests: 0, failed: 1, timed: 0 });
});

test('a reading that comes late takes nothing away', () => {
  const [early, late] = [haproxy([1, 2]), haproxy([1, 2, 3])];
  expect(between(late, early)).toEqual({ requests: 0, failed: 0, timed: 0, tookMs: 0 });
});

describe('the sums of versions', () => {
  const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;
  const backend: Backend = {
    ...{ namespace: 'default', app: 'shop', service: 'web', name: 'http:web', mode: 'http', target: 80 },
    options: { ...options, protocols: {} },
  };
  const slot = (name: string, task: string, digest?: string): Slot => ({
    ...{ name, task, backup: false, address: '10.0.0.1', port: 80, weight: 100, state: 'ready' },
    ...(digest !== undefined && { digest }),
  });
  const shows = (counts: Record<string, number>) =>
    new Map(
      Object.entries(counts).map(([name, requests]) => [
        `http:web/${name}`,
        { requests, failed: 0, answers: requests, meanMs: 10 },
      ]),
    );
  const at = '2026-01-01T00:00:00.000Z';
  const sight = (table: Slot[], pid = 1) => ({ pid, backend, table });
  const told = (tally: Tally): Record<string, number> =>
    Object.fromEntries(
      tally
        .told(new Set(['default/shop/web']))
        .flatMap(({ versions }) => versions.map(({ digest, requests }) => [digest, requests])),
    );

  test('begin with what comes after a server was first seen, or was given to the task', () => {
    const tally = new Tally();
    const before = [slot('s1', 'a', 'one'), slot('s2', 'b')];
    tally.read(sight(before), shows({ s1: 100, s2: 100 }), at);
    tally.read(sight(before), shows({ s1: 107, s2: 130 }), at);
    expect(told(tally)).toEqual({ one: 7 });
    const after = [slot('s1', 'c', 'two'), slot('s2', 'b', 'one'), slot('s3', 'd', 'two')];
    const readings = shows({ s1: 109, s2: 140 });
    tally.read(sight(before), readings, at);
    tally.turn(sight(after), readings);
    tally.read(sight(after), shows({ s1: 114, s2: 141, s3: 2 }), at);
    expect(told(tally)).toEqual({ one: 7 + 2 + 1, two: 5 + 2 });
  });

  test('are of all processes, of which a new one begins with nothing and an old one counts on', () => {
    const tally = new Tally();
    const table = [slot('s1', 'a', 'one')];
    tally.read(sight(table), shows({ s1: 50 }), at);
    tally.begin(sight(table, 2));
    tally.read(sight(table, 2), shows({ s1: 3 }), at);
    tally.read(sight(table), shows({ s1: 51 }), at);
    expect(told(tally)).toEqual({ one: 4 });
    tally.keepOnly([2]);
    tally.read(sight(table, 2), shows({ s1: 4 }), at);
    expect(told(tally)).toEqual({ one: 5 });
  });

  test('are forgotten when nobody judges by them any more, and begin anew', () => {
    const tally = new Tally();
    const table = [slot('s1', 'a', 'one')];
    tally.read(sight(table), shows({ s1: 1 }), at);
    tally.read(sight(table), shows({ s1: 2 }), at);
    expect(tally.told(new Set())).toEqual([]);
    tally.read(sight(table), shows({ s1: 5 }), at);
    expect(told(tally)).toEqual({ one: 3 });
  });
});
