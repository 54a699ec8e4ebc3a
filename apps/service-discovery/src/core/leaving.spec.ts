import { describe, expect, test } from '@jest/globals';
import type { Leaving, TaskTarget } from '@tutti/model';
import { time } from '@tutti/testing';
import fc from 'fast-check';
import { drainsOf, isSending, sameLeaving, type DrainView, type Proxy } from './leaving.js';

const TASK = 'aaaaaaaaaaaa';
const DRAIN_MS = 10_000;

const view = (over: Partial<DrainView> & { target?: TaskTarget; running?: boolean } = {}): DrainView => {
  const { target = 'drain', running = true, ...rest } = over;
  return {
    tasks: [{ task: TASK, target, orphaned: false }],
    statuses: [{ task: TASK, node: 'n1', slot: 1, addresses: {}, ports: [], running }],
    verdictOf: () => 'healthy',
    leaving: [],
    proxies: [],
    leavingSince: () => undefined,
    drainMs: DRAIN_MS,
    now: Date.parse(time(0)),
    ...rest,
  };
};
const proxy = (node: string, applied: number, inFlight: Proxy['inFlight'] = {}): Proxy => ({ node, applied, inFlight });
const leaving = (over: Partial<Leaving> = {}): Leaving => ({ task: TASK, node: 'n1', since: time(0), ...over });

describe('a task that is drained', () => {
  test('is cleared at once where no proxy sends to it', () => {
    expect(drainsOf(view())).toEqual({ leaving: [leaving({ cleared: time(0) })] });
  });

  test('is listed first, and waits for the proxies', () => {
    const first = drainsOf(view({ proxies: [proxy('n1', 0)] }));
    expect(first).toEqual({ leaving: [leaving()], dueAt: Date.parse(time(DRAIN_MS)) });
    const written = { leaving: first.leaving, leavingSince: () => 7, now: Date.parse(time(5)) };
    const cleared = (proxies: Proxy[]): string | undefined =>
      drainsOf(view({ ...written, proxies })).leaving[0]?.cleared;
    expect(cleared([proxy('n1', 7), proxy('n2', 6)])).toBeUndefined();
    expect(cleared([proxy('n1', 7, { [TASK]: 1 }), proxy('n2', 7)])).toBeUndefined();
    expect(cleared([proxy('n1', 7), proxy('n2', 9, { other: 3 })])).toBe(time(5));
  });

  test('has its time, and then it is said who did not answer', () => {
    const late = { leaving: [leaving()], leavingSince: () => 7, now: Date.parse(time(DRAIN_MS)) };
    const overdue = (proxies: Proxy[]): string | undefined => drainsOf(view({ ...late, proxies })).leaving[0]?.overdue;
    expect(overdue([proxy('n1', 7), proxy('n2', 6)])).toBe('no confirmation from the proxy of n2 after 10 s');
    expect(overdue([proxy('n1', 7, { [TASK]: 2 })])).toBe('2 in flight through the proxy of n1 after 10 s');
  });

  test('is no longer listed once it has ended, is stopped, or is wanted again', () => {
    const before = { leaving: [leaving({ cleared: time(0) })] };
    expect(drainsOf(view({ ...before, running: false })).leaving).toEqual([]);
    expect(drainsOf(view({ ...before, target: 'stop' })).leaving).toEqual([]);
    expect(drainsOf(view({ ...before, target: 'run' })).leaving).toEqual([]);
  });

  test('is never cleared before all have confirmed or its time is over, and stays cleared', () => {
    const proxies = fc.array(fc.record({ node: fc.constantFrom('n1', 'n2'), applied: fc.nat(10), busy: fc.nat(2) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(proxies, fc.nat(12), fc.nat(20_000), (all, since, at) => {
        const known = all.map(({ node, applied, busy }) => proxy(node, applied, busy > 0 ? { [TASK]: busy } : {}));
        const now = Date.parse(time(at));
        const listed = view({ leaving: [leaving()], proxies: known, leavingSince: () => since, now });
        const after = drainsOf(listed).leaving;
        const isClear = known.every(({ applied, inFlight }) => applied >= since && !inFlight[TASK]);
        expect(after[0]?.cleared !== undefined).toBe(isClear || at >= DRAIN_MS);
        expect(after[0]?.overdue !== undefined).toBe(!isClear && at >= DRAIN_MS);
        if (after[0]?.cleared)
          expect(sameLeaving(drainsOf({ ...listed, leaving: after, proxies: [] }).leaving, after)).toBe(true);
      }),
    );
  });
});

test('a proxy that is down, or whose node is, is not waited for', () => {
  expect(isSending({ state: 'running' }, 'up')).toBe(true);
  expect(isSending({ state: 'running' }, 'missing')).toBe(true);
  expect(isSending({ state: 'running' }, undefined)).toBe(true);
  expect(isSending({ state: 'running' }, 'down')).toBe(false);
  expect(isSending({ state: 'down' }, 'up')).toBe(false);
});
