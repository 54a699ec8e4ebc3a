import { describe, expect, test } from '@jest/globals';
import type { AppRecord, RolloutRecord, RolloutSpec, Shift } from '@tutti/model';
import { aServiceSpec, time } from '@tutti/testing';
import { aNode, anApp, aTask, NOW } from '../testing/builders.js';
import { nodesByName } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

const REPLICAS = 10;
const MONITOR = 5000;
const CANARY: RolloutSpec = { strategy: 'canary', steps: [10, 50], pauseMs: 30_000 };
const MANUAL: RolloutSpec = { strategy: 'canary', steps: [10, 50] };
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const STARTED = { digest: 'web-2', step: 1, steps: 3, share: 0 };

/** Revision 2 is asked for, 1 was rolled out, and traffic stands as it is said. */
function asked(rollout: RolloutSpec, shift?: Shift, app: Partial<AppRecord> = {}): Omit<AppView, 'tasks'> {
  const { update } = aServiceSpec();
  const web = aServiceSpec({ replicas: REPLICAS, rollout, update: { ...update, monitorMs: MONITOR } });
  const first = anApp({ web }).revision;
  const base = { namespace: 'default', app: 'shop', revision: 2, generation: 2, message: '' };
  const services = shift ? { web: { shift } } : {};
  return {
    ...anApp(
      { web },
      { app: { revision: 2, generation: 2, ...app }, revision: { revision: 2, digests: { web: 'web-2' } } },
    ),
    fallback: first,
    rollout: {
      ...{ ...base, phase: 'progressing', stable: 1, targetSince: at(-60_000), revisionsInUse: [1], services },
      ...{ startedAt: at(-60_000), updatedAt: at(-60_000) },
    } as unknown as RolloutRecord,
  };
}

const old = Array.from({ length: REPLICAS }, (_, n) => aTask('web', n + 1, { record: { createdAt: time(-100_000) } }));
/** New tasks that have served for so long. */
const fresh = (count: number, servedMs = 60_000): TaskView[] =>
  Array.from({ length: count }, (_, n) => ({
    ...aTask('web', n + 1, {
      id: `new${n}`.padEnd(12, '0'),
      record: { digest: 'web-2', revision: 2, createdAt: at(-50_000) },
    }),
    verdictSince: at(-servedMs),
  }));
const plan = (app: Omit<AppView, 'tasks'>, tasks: TaskView[], now = NOW): Plan =>
  reconcile({ ...app, tasks }, nodesByName([aNode()]), now);
const shiftIn = ({ rollout }: Plan): Shift | undefined => rollout?.services.web?.shift;

describe('a canary', () => {
  test('begins with as many tasks as its share asks for, beside the old ones, without traffic', () => {
    const begun = plan(asked(CANARY), old);
    expect(begun.create.map(({ slot }) => slot)).toEqual([1]);
    expect([begun.change, shiftIn(begun)]).toEqual([[], STARTED]);
  });

  test('has its share once its tasks serve, and keeps it for its pause', () => {
    const first = plan(asked(CANARY, STARTED), [...old, ...fresh(1, 0)]);
    const shift = { ...STARTED, share: 10, since: at(0) };
    expect([first.create, first.change, shiftIn(first)]).toEqual([[], [], shift]);
    const paused = plan(asked(CANARY, shift), [...old, ...fresh(1)], NOW + 29_999);
    expect([paused.create, shiftIn(paused), paused.wakeAt]).toEqual([[], shift, NOW + 30_000]);
    const next = plan(asked(CANARY, shift), [...old, ...fresh(1)], NOW + 30_000);
    expect(next.create.map(({ slot }) => slot)).toEqual([2, 3, 4, 5]);
    expect(shiftIn(next)).toEqual({ ...STARTED, step: 2, share: 10 });
  });

  test('waits for a person where the file says so', () => {
    const shift = { ...STARTED, share: 10, since: at(-3_600_000) };
    const waiting = plan(asked(MANUAL, shift), [...old, ...fresh(1)]);
    expect(shiftIn(waiting)).toEqual({ ...shift, waits: true });
    expect(waiting.rollout?.message).toContain('web at step 1 of 3: 10% of the traffic, waits to be promoted');
    const promoted = asked(MANUAL, shift, { promoted: { revision: 2, steps: { web: 2 } } });
    expect(plan(promoted, [...old, ...fresh(1)]).create).toHaveLength(4);
    const earlier = asked(MANUAL, shift, { promoted: { revision: 1, steps: { web: 2 } } });
    expect(plan(earlier, [...old, ...fresh(1)]).create).toEqual([]);
  });

  test('is not promoted past tasks that have not been watched', () => {
    const shift = { ...STARTED, share: 10, since: at(0) };
    const promoted = asked(MANUAL, shift, { promoted: { revision: 2, steps: { web: 1000 } } });
    expect(plan(promoted, [...old, ...fresh(1, MONITOR - 1)]).create).toEqual([]);
    expect(plan(promoted, [...old, ...fresh(1, MONITOR)]).create).toHaveLength(4);
  });

  test('keeps the old tasks till the last step has been watched', () => {
    const all = [...old, ...fresh(REPLICAS)];
    const last = plan(asked(CANARY, { ...STARTED, step: 3, share: 50 }), all);
    const shift = { ...STARTED, step: 3, share: 100, since: at(0) };
    expect([last.change, shiftIn(last), last.wakeAt]).toEqual([[], shift, NOW + MONITOR]);
    const over = plan(asked(CANARY, shift), all, NOW + MONITOR);
    expect(over.change.map(({ record }) => record.revision)).toEqual(old.map(({ record }) => record.revision));
    expect(shiftIn(over)).toMatchObject({ share: 100 });
    expect(plan(asked(CANARY, shift), fresh(REPLICAS), NOW + MONITOR).rollout).toMatchObject({ phase: 'done' });
  });

  test('that fails, or is aborted, is taken back, and nothing else is touched', () => {
    const shift = { ...STARTED, share: 10, since: at(-10_000) };
    const [task] = fresh(1);
    const sick = plan(asked(CANARY, shift), [...old, { ...(task as TaskView), verdict: 'unhealthy' }]);
    const aborted = plan(asked(CANARY, shift, { aborted: 2 }), [...old, ...fresh(1)]);
    for (const { change, create, rollout } of [sick, aborted]) {
      expect([create, change.map(({ record }) => record.task)]).toEqual([[], ['new000000000']]);
      expect(rollout).toMatchObject({ target: 1, rolledBack: { from: 2, to: 1 } });
    }
    expect(aborted.rollout?.message).toContain('revision 2 was aborted and is being rolled back to revision 1');
    expect(aborted.rollout?.failure).toBeUndefined();
  });
});

test('blue-green starts all beside the old ones without traffic, and moves all of it at once', () => {
  const blueGreen: RolloutSpec = { strategy: 'blue-green' };
  const begun = plan(asked(blueGreen), old);
  const shift = { ...STARTED, steps: 2 };
  expect([begun.create.length, begun.change, shiftIn(begun)]).toEqual([REPLICAS, [], shift]);
  const early = plan(asked(blueGreen, shift), [...old, ...fresh(REPLICAS, MONITOR - 1)]);
  expect([early.change, shiftIn(early)]).toEqual([[], { ...shift, since: at(0) }]);
  const moved = plan(asked(blueGreen, shift), [...old, ...fresh(REPLICAS, MONITOR)]);
  expect([moved.change, shiftIn(moved)]).toEqual([[], { ...shift, step: 2, share: 100, since: at(0) }]);
});

test('what says nothing of it, or is restarted only, is replaced as before', () => {
  const { rollout: _none, ...plain } = asked(CANARY);
  const restarted = { ...plain, app: { ...plain.app, restarts: { web: 1 } } };
  const same = old.map((task) => ({ ...task, record: { ...task.record, digest: 'web-2', revision: 2 } }));
  const result = plan(restarted, same);
  expect([result.create.length, shiftIn(result)]).toEqual([1, undefined]);
});
