import { describe, expect, test } from '@jest/globals';
import type { RolloutRecord, ServiceSpec, UpdateSpec } from '@tutti/model';
import { aServiceSpec, time } from '@tutti/testing';
import { aNode, anApp, aTask, NOW, type TaskOptions } from '../testing/builders.js';
import { fallbackNumber } from './course.js';
import { nodesByName } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

const { update } = aServiceSpec();
const watched: UpdateSpec = { ...update, monitorMs: 5000 };
const spec = (over: Partial<ServiceSpec> = {}): ServiceSpec => aServiceSpec({ replicas: 3, update: watched, ...over });
const at = (ms: number): string => new Date(NOW + ms).toISOString();

/** Revision 2 is asked for, 1 was rolled out. */
function asked(over: Partial<ServiceSpec> = {}, rollout: Partial<RolloutRecord> = {}): Omit<AppView, 'tasks'> {
  const services = { web: spec(over) };
  const first = anApp(services).revision;
  const two = { revision: 2, digests: { web: 'web-2' } };
  const base = { namespace: 'default', app: 'shop', revision: 2, generation: 2, services: {}, message: '' };
  return {
    ...anApp(services, { app: { revision: 2, generation: 2 }, revision: two }),
    fallback: first,
    rollout: {
      ...{ ...base, phase: 'progressing', stable: 1, targetSince: at(-60_000), revisionsInUse: [1] },
      ...{ startedAt: at(-60_000), updatedAt: at(-60_000), ...rollout },
    },
  };
}

const old = [1, 2, 3].map((slot) => aTask('web', slot, { record: { createdAt: time(-100_000) } }));
const fresh = (slot: number, over: TaskOptions = {}): TaskView => ({
  ...aTask('web', slot, {
    ...over,
    id: `new${slot}`.padEnd(12, '0'),
    record: { digest: 'web-2', revision: 2, createdAt: at(-50_000), ...over.record },
  }),
  verdictSince: at(-2000),
});
const plan = (app: Omit<AppView, 'tasks'>, tasks: TaskView[], now = NOW): Plan =>
  reconcile({ ...app, tasks }, nodesByName([aNode()]), now);
const stopped = ({ change }: Plan): string[] => change.map(({ record }) => record.task);
const failed = (over: TaskOptions = {}): TaskView =>
  fresh(1, { state: 'failed', ...over, status: { error: 'exit code 1', finishedAt: at(0), ...over.status } });

describe('an update that goes well', () => {
  test('keeps the old task until the new one has served for as long as it is watched', () => {
    const early = plan(asked(), [...old, fresh(1)]);
    expect([early.create, stopped(early), early.wakeAt]).toEqual([[], [], NOW + 3000]);
    expect(stopped(plan(asked(), [...old, fresh(1)], NOW + 3000))).toEqual(['web100000000']);
  });

  test('is not over before the last of its tasks has been watched', () => {
    const all = [fresh(1), fresh(2), fresh(3)];
    expect(plan(asked(), all).rollout).toMatchObject({ phase: 'progressing' });
    const { rollout } = plan(asked(), all, NOW + 3000);
    expect(rollout).toMatchObject({ phase: 'done', stable: 2, earlier: 1, doneAt: at(3000) });
  });

  test('a task of it that the monitor has not called healthy is not relied on', () => {
    const { verdict: _none, ...silent } = fresh(1);
    expect(stopped(plan(asked(), [...old, silent], NOW + 60_000))).toEqual([]);
  });

  test('leaves services alone whose spec is as before', () => {
    const app = asked();
    app.revision.spec.services.db = aServiceSpec();
    app.revision.digests.db = 'db-1';
    expect(plan(app, [...old, aTask('db', 1)]).create.map(({ service }) => service)).toEqual(['web']);
  });
});

describe('an update that fails is rolled back', () => {
  test.each<[string, TaskView, string]>([
    ['a task that failed for good', failed(), 'exit code 1'],
    ['an image that cannot be had', failed({ state: 'rejected', status: { error: 'no such image' } }), 'no such image'],
    [
      'an image that cannot be brought before the old task is stopped',
      failed({ state: 'rejected', record: { target: 'prepare' }, status: { error: 'no such image' } }),
      'no such image',
    ],
    ['a task that is unhealthy', { ...fresh(1), verdict: 'unhealthy' }, 'unhealthy'],
    [
      'a task that was restarted in place',
      fresh(1, { status: { restarts: 1, lastExit: { code: 3, oom: false, at: at(-1000) } } }),
      'exit code 3',
    ],
  ])('%s', (_, task, reason) => {
    const { rollout, create } = plan(asked(), [...old, task]);
    const cause = `web.1 on n1: ${reason}`;
    expect(rollout).toMatchObject({ phase: expect.stringMatching(/^roll(ing|ed)-back$/), target: 1, stable: 1 });
    expect(rollout?.rolledBack).toEqual({ from: 2, to: 1, generation: 2, cause, at: at(0) });
    expect(rollout?.failure).toMatchObject({ service: 'web', slot: 1, task: task.record.task, reason });
    expect(create).toEqual([]);
  });

  test('and what it had replaced gets the earlier spec again, by rollback_config', () => {
    const rolledBack = { from: 2, to: 1, generation: 2, cause: 'web.1 on n1: exit code 1', at: at(-1000) };
    const app = asked({}, { phase: 'rolling-back', target: 1, rolledBack, targetSince: at(-1000) });
    const { create, rollout } = plan(app, [fresh(1), fresh(2), ...old.slice(2)]);
    expect(create).toMatchObject([{ slot: 1, revision: 1, digest: 'web-1' }]);
    expect(create[0]?.cause).toBe('back to revision 1, since web.1 on n1: exit code 1, start-first');
    expect(rollout?.message).toContain('revision 2 failed and is being rolled back to revision 1');
  });

  test('is rolled back when all is as before', () => {
    const rolledBack = { from: 2, to: 1, generation: 2, cause: 'x', at: at(-1000) };
    const app = asked({}, { phase: 'rolling-back', target: 1, rolledBack, targetSince: at(-1000) });
    expect(plan(app, old).rollout).toMatchObject({ phase: 'rolled-back', target: 1, revision: 2, stable: 1 });
  });

  test('a rollback that fails, too, ends there', () => {
    const rolledBack = { from: 2, to: 1, generation: 2, cause: 'x', at: at(-60_000) };
    const app = asked({ rollback: { ...update, failureAction: 'pause' } }, { target: 1, rolledBack });
    const back = failed({ record: { digest: 'web-1', revision: 1, createdAt: at(-50_000) } });
    const { rollout } = plan(app, [back, fresh(2), fresh(3)]);
    expect(rollout).toMatchObject({ phase: 'failed', target: 1, services: { web: { update: { failures: 1 } } } });
    expect(rollout?.message).toContain(
      'revision 2 failed, and so did going back to revision 1: x; then web.1 on n1: exit code 1',
    );
  });

  test('not before more has failed than max_failure_ratio puts up with, each task once', () => {
    const app = asked({ update: { ...watched, maxFailureRatio: 0.4 } });
    const { rollout } = plan(app, [...old, failed()]);
    expect(rollout).toMatchObject({ phase: 'progressing', services: { web: { update: { failures: 1 } } } });
    const next = { ...app, ...(rollout && { rollout }) };
    expect(plan(next, [...old, failed()]).rollout?.services.web?.update?.failures).toBe(1);
    expect(plan(next, [...old, failed(), { ...fresh(2), verdict: 'unhealthy' }]).rollout?.target).toBe(1);
  });

  test('a crash loop within ten minutes undoes what was done', () => {
    const done = { phase: 'done' as const, stable: 2, earlier: 1, doneAt: at(-30_000) };
    const loops = fresh(1, { status: { restarts: 2, lastExit: { code: 1, oom: false, at: at(-100) } } });
    const all = [loops, fresh(2), fresh(3)];
    const { rollout } = plan(asked({}, done), all);
    expect(rollout).toMatchObject({ phase: 'rolling-back', target: 1, stable: 1 });
    expect(plan(asked({}, done), all, NOW + 10 * 60_000).rollout?.target).toBeUndefined();
  });
});

describe('what the file says otherwise', () => {
  test('pause: nothing more is replaced, and nothing taken back', () => {
    const app = asked({ update: { ...watched, failureAction: 'pause' } });
    const { rollout, create } = plan(app, [...old, failed()], NOW + 60_000);
    expect(rollout).toMatchObject({
      phase: 'paused',
      message: 'paused, since web.1 on n1: exit code 1; 0 of 3 tasks up',
    });
    expect([rollout?.target, create]).toEqual([undefined, []]);
  });

  test('continue: the others are replaced all the same', () => {
    const app = asked({ update: { ...watched, failureAction: 'continue' } });
    expect(plan(app, [...old, failed()]).create.map(({ slot }) => slot)).toEqual([2]);
  });
});

test('a first deploy has nothing to go back to, and is tried again', () => {
  const { create, rollout } = plan(anApp({ web: spec() }), [
    aTask('web', 1, { state: 'failed', status: { finishedAt: time(0), error: 'exit code 1' } }),
  ]);
  expect(create).toHaveLength(3);
  expect(rollout?.rolledBack).toBeUndefined();
});

test('a deploy that comes meanwhile supersedes what is under way, also a rollback', () => {
  const rolledBack = { from: 2, to: 1, generation: 2, cause: 'x', at: at(-1000) };
  const before = asked({}, { phase: 'rolling-back', target: 1, rolledBack, stable: 1 }).rollout;
  const services = { web: spec() };
  const three = anApp(services, {
    app: { revision: 3, generation: 3 },
    revision: { revision: 3, digests: { web: 'web-3' } },
  });
  expect(fallbackNumber(3, before)).toBe(1);
  const view = { ...three, fallback: anApp(services).revision, ...(before && { rollout: before }) };
  const { rollout, create, change } = plan(view, [...old, fresh(1)]);
  expect(rollout).toMatchObject({ phase: 'progressing', revision: 3, stable: 1, givenUp: [rolledBack] });
  expect([rollout?.target, rollout?.rolledBack]).toEqual([undefined, undefined]);
  // Of the two earlier tasks of slot 1 the one that has served longest stays until the next one does.
  expect(change.map(({ record }) => [record.task, record.targetCause])).toEqual([
    ['new100000000', 'superseded before it took over'],
  ]);
  expect(create).toMatchObject([{ slot: 1, digest: 'web-3' }]);
});
