import { describe, expect, test } from '@jest/globals';
import { FENCE_MARGIN_MS, type TaskRecord } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { aNode, anApp, aTask, NOW } from '../testing/builders.js';
import { nodesByName, type NodeView } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { TaskView } from './view.js';

const GRACE = 2000;
const UNTIL = NOW + GRACE + FENCE_MARGIN_MS;
const spec = aServiceSpec({ replicas: 1, onPartition: 'stop', stopGraceMs: GRACE });
const down: NodeView = { ...aNode('n1'), liveness: 'down', since: NOW };
const store = (over: Partial<TaskRecord> = {}): TaskView => {
  const task = aTask('store', 1);
  return { ...task, record: { ...task.record, node: 'n1', ...over } };
};
const plan = (task: TaskView, now: number, nodes = [down, aNode('n2')]): Plan =>
  reconcile({ ...anApp({ store: spec }), tasks: [task] }, nodesByName(nodes), now);

describe('a slot that must not run twice', () => {
  test.each([
    ['a task that was wanted when its node went down', store()],
    ['one that was just asked to stop', store({ target: 'stop', targetCause: 'deploy of revision 2, stop-first' })],
    ['one that was given up with its application, which is deployed anew', store({ target: 'stop', orphaned: true })],
  ])('waits for the agent of %s', (_, task) => {
    const early = plan(task, UNTIL - 1);
    expect(early.create).toEqual([]);
    expect(early.wakeAt).toBe(UNTIL);
    expect(early.rollout?.services.store?.pending[0]?.reason).toMatch(/waits until its agent has stopped it/);
    expect(plan(task, UNTIL).create).toMatchObject([{ service: 'store', slot: 1, node: 'n2' }]);
  });

  test('does not wait for what its agent has reported as stopped, nor for a node that a person has given up', () => {
    const stopped = store({ target: 'stop' });
    const reported: TaskView = {
      ...stopped,
      status: { ...(stopped.status as NonNullable<TaskView['status']>), state: 'stopped' },
    };
    expect(plan(reported, NOW).create).toHaveLength(1);
    expect(plan(store(), NOW, [{ ...down, availability: 'lost' }, aNode('n2')]).create).toHaveLength(1);
  });
});
