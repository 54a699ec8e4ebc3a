import { expect, test } from '@jest/globals';
import type { IncidentRecord, RolloutRecord } from '@tutti/model';
import { rolloutIncidentChanges, type Turn } from './rollout-incidents.js';

const AT = '2026-01-01T00:00:00.000Z';
const now = Date.parse(AT) + 5000;
const failure = { service: 'web', slot: 1, task: 'a1', node: 'n1', reason: 'exit code 78', exitCode: 78 };
const rolledBack = { from: 2, to: 1, generation: 2, cause: 'web.1 on n1: exit code 78', at: AT };
const turn = (phase: RolloutRecord['phase'], over: Partial<Turn> = {}): Turn => ({
  ...{ namespace: 'default', app: 'shop', revision: 2, generation: 2, startedAt: AT, phase, failure, rolledBack },
  ...over,
});
const changes = (rollout: Turn | undefined, incidents: IncidentRecord[] = [], logs: string[] = []) =>
  rolloutIncidentChanges(rollout, { incidents, logs, now });
const opened = (rollout = turn('rolling-back')): IncidentRecord => changes(rollout)[0]?.incident as IncidentRecord;

test('a rollback is one incident, which names the task, how it ended and its last lines', () => {
  const [first] = changes(turn('rolling-back'), [], ['syntax error']);
  expect(first).toMatchObject({ event: 'opened', incident: { kind: 'rollout-failed', task: 'a1', exitCode: 78 } });
  expect(first?.incident).toMatchObject({
    cause: 'revision 2 failed: web.1 on n1: exit code 78',
    action: 'rolling back to revision 1',
    logs: ['syntax error'],
  });
  expect(changes(turn('rolling-back'), [opened()])).toEqual([]);
  expect(changes(turn('rolling-back'), [opened()], ['late line'])).toMatchObject([
    { event: 'updated', incident: { logs: ['late line'] } },
  ]);
});

test('it is over when all is as before, and stays so', () => {
  const [last] = changes(turn('rolled-back'), [opened()]);
  expect(last).toMatchObject({
    event: 'resolved',
    incident: { action: 'rolled back to revision 1', resolvedAt: new Date(now).toISOString(), downMs: 5000 },
  });
  const over = last ? [last.incident] : [];
  expect(changes(turn('rolled-back'), over)).toEqual([]);
  expect(changes(turn('rolled-back'), over, ['late line'])).toMatchObject([
    { event: 'updated', incident: { action: 'rolled back to revision 1', logs: ['late line'] } },
  ]);
});

test('a rollback that fails, too, stays open until something good is rolled out', () => {
  expect(changes(turn('failed'), [opened()])).toMatchObject([
    { event: 'updated', incident: { action: 'going back to revision 1 failed, too' } },
  ]);
  const next = turn('progressing', { revision: 3, generation: 3 });
  delete next.rolledBack;
  delete next.failure;
  expect(changes(next, [opened()])).toEqual([]);
  expect(changes({ ...next, phase: 'done' }, [opened()])).toMatchObject([
    { event: 'resolved', incident: { action: 'superseded by revision 3' } },
  ]);
  expect(changes(undefined, [opened()])).toMatchObject([{ event: 'resolved' }]);
});

test('what is paused is told of; what has not failed by a task is not', () => {
  const paused = turn('paused');
  delete paused.rolledBack;
  expect(changes(paused)).toMatchObject([
    { event: 'opened', incident: { cause: expect.stringContaining('revision 2') } },
  ]);
  const stuck = turn('failed');
  delete stuck.rolledBack;
  delete stuck.failure;
  expect(changes(stuck)).toEqual([]);
});

test('of requests that went wrong it names what was measured, and no task', () => {
  const reason = '20% of 100 requests to its new version failed, more than its max_error_rate of 2%';
  const cause = `web: ${reason}`;
  const [first] = changes(
    turn('rolling-back', { failure: { service: 'web', reason }, rolledBack: { ...rolledBack, cause } }),
  );
  expect(first?.incident).toMatchObject({ service: 'web', cause: `revision 2 failed: ${cause}` });
  expect(first?.incident).not.toHaveProperty('task');
  const paused = turn('paused', { failure: { service: 'web', reason } });
  delete paused.rolledBack;
  expect(changes(paused)[0]?.incident.cause).toBe(`revision 2 failed: ${cause}`);
});
