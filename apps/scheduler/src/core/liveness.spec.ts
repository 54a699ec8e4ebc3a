import { describe, expect, test } from '@jest/globals';
import { judge, VANISHING_MS, type Judgement, type Pulse } from './liveness.js';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const TTL = 3000;
/** The bus was never away. */
const STEADY = NOW - 3_600_000;

function pulse(node: string, over: Partial<Pulse> = {}): Pulse {
  const since = new Date(STEADY).toISOString();
  const verdict = { node, state: 'up' as const, reason: '', since, flaps: 0 };
  return { node, held: true, heardAt: NOW - 500, knownAt: STEADY, ttlMs: TTL, givenUp: false, verdict, ...over };
}
const silent = (node: string, over: Partial<Pulse> = {}): Pulse =>
  pulse(node, { held: false, heardAt: NOW - TTL, ...over });
const states = ({ changed }: Judgement): Record<string, string> =>
  Object.fromEntries(changed.map(({ node, state }) => [node, state]));

describe('the verdict on nodes', () => {
  test('a node that does not renew is down, and up when it renews again', () => {
    const { changed } = judge([silent('a'), pulse('b'), pulse('c')], { now: NOW, busSince: STEADY });
    expect(changed).toMatchObject([{ node: 'a', state: 'down', flaps: 1, since: new Date(NOW).toISOString() }]);
    const [down] = changed;
    const back = judge([pulse('a', { ...(down && { verdict: down }) }), pulse('b')], {
      now: NOW + 9,
      busSince: STEADY,
    });
    expect(states(back)).toEqual({ a: 'up' });
  });

  test('a node that has just joined is given time to renew for the first time, and is no reason to brake', () => {
    const joined = silent('a', { heardAt: 0, knownAt: NOW });
    delete joined.verdict;
    expect(judge([joined], { now: NOW, busSince: STEADY })).toEqual({ changed: [], wakeAt: NOW + TTL + 1000 });
    const now = NOW + TTL + 1000;
    const later = judge([joined, pulse('b', { heardAt: now })], { now, busSince: STEADY });
    expect(states(later)).toEqual({ a: 'down' });
  });

  test('nothing is news twice', () => {
    const verdict = {
      node: 'a',
      state: 'down' as const,
      reason: '',
      since: new Date(NOW - 60_000).toISOString(),
      flaps: 1,
    };
    expect(judge([silent('a', { verdict }), pulse('b')], { now: NOW, busSince: STEADY }).changed).toEqual([]);
  });

  test('after the bus was away nobody is down until all had time to renew', () => {
    const busSince = NOW - 1000;
    const early = judge([silent('a'), pulse('b'), pulse('c')], { now: NOW, busSince });
    expect(early).toEqual({ changed: [], wakeAt: busSince + TTL + 1000 });
    const now = busSince + TTL + 1000;
    const others = [pulse('b', { heardAt: now }), pulse('c', { heardAt: now })];
    const late = judge([silent('a'), ...others], { now, busSince });
    expect(states(late)).toMatchObject({ a: 'down' });
  });

  test('when more than half vanish together nothing is moved, even though their leases end one by one', () => {
    const late = { heardAt: NOW - 2500 };
    const first = judge([silent('a'), pulse('b', late), pulse('c')], { now: NOW, busSince: STEADY });
    expect(states(first)).toEqual({ a: 'missing' });
    expect(first.wakeAt).toBeLessThanOrEqual(NOW + VANISHING_MS);
  });

  test('half is not more than half', () => {
    expect(states(judge([silent('a'), pulse('b')], { now: NOW, busSince: STEADY }))).toEqual({ a: 'down' });
  });

  test('a person lets them go', () => {
    const missing = (node: string): Pulse['verdict'] => ({
      ...{ node, state: 'missing', reason: '', since: new Date(NOW - 60_000).toISOString(), flaps: 0 },
    });
    const gone = [silent('a', { verdict: missing('a') }), silent('b', { verdict: missing('b'), givenUp: true })];
    const given = judge([...gone, pulse('c')], { now: NOW, busSince: STEADY });
    expect(states(given)).toEqual({ a: 'down', b: 'down' });
  });

  test('of nodes that vanished together, those that do not return soon after the first are let go', () => {
    const since = new Date(NOW - 60_000).toISOString();
    const verdict = { node: 'a', state: 'missing' as const, reason: '', since, flaps: 0 };
    const gone = silent('a', { verdict });
    const b = pulse('b', { verdict: { ...verdict, node: 'b' } });
    const back = judge([gone, b, pulse('c')], { now: NOW, busSince: STEADY });
    expect([states(back), back.wakeAt]).toEqual([{ b: 'up' }, NOW + TTL + 1000]);
    const [up] = back.changed;
    const now = NOW + TTL + 1000;
    const others = [pulse('b', { heardAt: now, ...(up && { verdict: up }) }), pulse('c', { heardAt: now })];
    expect(judge([gone, ...others], { now: now - 1, busSince: STEADY }).changed).toEqual([]);
    expect(states(judge([gone, ...others], { now, busSince: STEADY }))).toEqual({ a: 'down' });
  });

  test('nodes that have been down for long do not count', () => {
    const old = { state: 'down' as const, reason: '', since: new Date(NOW - 3_600_000).toISOString(), flaps: 1 };
    const pulses = [silent('a', { verdict: { node: 'a', ...old } }), silent('b', { verdict: { node: 'b', ...old } })];
    const judged = judge([...pulses, silent('c'), pulse('d'), pulse('e')], { now: NOW, busSince: STEADY });
    expect(states(judged)).toEqual({ c: 'down' });
  });

  test('a node that comes and goes is held back longer each time, and forgiven when it stays', () => {
    let verdict: Pulse['verdict'] = pulse('a').verdict;
    let now = NOW;
    /** The next verdict on node a, the two others being well. */
    const look = (of: typeof pulse, heardAt: number): void => {
      const others = [pulse('b', { heardAt: now }), pulse('c', { heardAt: now })];
      const a = of('a', { heardAt, ...(verdict && { verdict }) });
      verdict = judge([a, ...others], { now, busSince: STEADY }).changed[0];
    };
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      look(silent, now - TTL);
      expect(verdict?.state).toBe('down');
      now += 5000;
      look(pulse, now);
      waits.push(verdict?.until === undefined ? 0 : (Date.parse(verdict.until) - now) / 1000);
      now += (waits.at(-1) ?? 0) * 1000;
      if (verdict?.state === 'returning') look(pulse, now);
      expect(verdict?.state).toBe('up');
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
    now += 600_000;
    look(silent, now - TTL);
    expect(verdict?.flaps).toBe(1);
  });
});
