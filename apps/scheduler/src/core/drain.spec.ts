import { describe, expect, test } from '@jest/globals';
import type { ServiceSpec } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { aNode, anApp, aTask, NOW, type TaskOptions } from '../testing/builders.js';
import { nodesByName } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

const { traffic } = aServiceSpec();
const toGo = (over: Partial<ServiceSpec> = {}): ReturnType<typeof anApp> =>
  anApp({ web: aServiceSpec({ traffic: { ...traffic, drainMs: 10_000 }, ...over }) }, { app: { scale: { web: 0 } } });
const plan = (app: Omit<AppView, 'tasks'>, tasks: TaskView[], now = NOW): Plan =>
  reconcile({ ...app, tasks }, nodesByName([aNode()]), now);
const targets = ({ change }: Plan): string[] => change.map(({ record, event }) => `${event} ${record.target}`);
const until = new Date(NOW + 13_000).toISOString();
const draining = (over: TaskOptions = {}): TaskView =>
  aTask('web', 1, {
    ...over,
    record: { ...over.record, target: 'drain', targetCause: 'scaled to 0', drainUntil: until },
  });

describe('a task that serves', () => {
  test('is drained first, and says until when at most', () => {
    const [change] = plan(toGo(), [aTask('web', 1)]).change;
    expect(change?.record).toMatchObject({ target: 'drain', targetCause: 'scaled to 0', drainUntil: until });
    expect(change?.event).toBe('draining');
  });

  test('is stopped once nothing reaches it', () => {
    const waiting = plan(toGo(), [draining()]);
    expect([waiting.change, waiting.wakeAt]).toEqual([[], NOW + 13_000]);
    expect(waiting.rollout?.phase).toBe('progressing');
    const [change] = plan(toGo(), [{ ...draining(), cleared: true }]).change;
    expect(change?.record).toMatchObject({ target: 'stop', targetCause: 'scaled to 0' });
    expect(change?.record.drainUntil).toBeUndefined();
  });

  test('is stopped when the time is over, whoever confirms', () => {
    expect(targets(plan(toGo(), [draining()], NOW + 13_000))).toEqual(['stopping stop']);
  });

  test('is stopped at once when all of the application goes, also while it is drained', () => {
    const app = anApp({ web: aServiceSpec() }, { app: { state: 'removing' } });
    expect(targets(plan(app, [aTask('web', 1)]))).toEqual(['stopping stop']);
    expect(targets(plan(app, [draining()]))).toEqual(['stopping stop']);
  });

  test('is gone when it ends while it is drained', () => {
    const result = plan(toGo(), [draining({ state: 'stopped' })]);
    expect([result.change, result.forget.length]).toEqual([[], 1]);
  });

  test('is given up when its node goes down while it is drained', () => {
    const nodes = nodesByName([{ ...aNode(), liveness: 'down' }]);
    const result = reconcile({ ...toGo(), tasks: [draining()] }, nodes, NOW);
    expect(targets(result)).toEqual(['orphaned stop']);
  });

  test('makes room for its successor only when it has gone, where both need one port', () => {
    const ports: ServiceSpec['ports'] = [
      { target: 80, published: { from: 80, to: 80 }, protocol: 'tcp', mode: 'host' },
    ];
    const app = anApp({ web: aServiceSpec({ ports }) }, { revision: { digests: { web: 'web-2' } } });
    const record = { ports: [{ target: 80, published: 80, protocol: 'tcp' as const }] };
    const scout = aTask('web', 1, { id: 'scout', state: 'complete', record: { digest: 'web-2', target: 'prepare' } });
    expect(targets(plan(app, [aTask('web', 1, { record }), scout]))).toEqual(['draining drain']);
    expect(plan(app, [draining({ record })]).create).toEqual([]);
    expect(targets(plan(app, [{ ...draining({ record }), cleared: true }]))).toEqual(['stopping stop']);
  });
});

describe('not drained but stopped at once', () => {
  test.each<[string, Partial<ServiceSpec>, TaskOptions]>([
    ['what was never ready', {}, { health: 'starting' }],
    ['what is still being started', {}, { state: 'preparing' }],
    ['a job', { mode: 'replicated-job' }, {}],
    ['what asks for no drain', { traffic: { ...traffic, drainMs: 0 } }, {}],
  ])('%s', (_, spec, task) => {
    expect(targets(plan(toGo(spec), [aTask('web', 1, task)]))).toEqual(['stopping stop']);
  });

  test('what is unhealthy', () => {
    const sick = aTask('web', 1, { health: 'healthy', verdict: 'unhealthy' });
    expect(targets(plan(anApp({ web: aServiceSpec() }), [sick]))).toEqual(['stopping stop']);
  });
});
