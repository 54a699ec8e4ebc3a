import type { RolloutRecord, ServiceProgress } from '@tutti/model';
import { endOf, isStuck, pendingReasons, progressLines, rolledBackSentence } from './rollouts.js';
import { painter } from './style.js';

const service = (of: Partial<ServiceProgress> = {}): ServiceProgress => ({
  desired: 2,
  updated: 2,
  running: 2,
  healthy: 2,
  failed: 0,
  pending: [],
  ...of,
});
const rollout = (of: Partial<RolloutRecord> = {}): RolloutRecord => ({
  namespace: 'default',
  app: 'shop',
  revision: 1,
  generation: 3,
  phase: 'progressing',
  services: {},
  message: '',
  revisionsInUse: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...of,
});
const pending = [{ slot: 2, reason: 'no node has 64 GiB of memory left', since: '2026-01-01T00:00:00.000Z' }];

test('a rollout ends for a change once it has reached its generation', () => {
  expect(endOf(null, 3)).toBeUndefined();
  expect(endOf(rollout({ generation: 2, phase: 'done' }), 3)).toBeUndefined();
  expect(endOf(rollout({ phase: 'done' }), 3)).toBe('done');
  expect(endOf(rollout({ generation: 5, phase: 'failed' }), 3)).toBe('failed');
  expect(endOf(rollout(), 3)).toBeUndefined();
});

test('what was rolled back ends the change that brought it, and no later one', () => {
  const rolledBack = { from: 4, to: 3, generation: 3, cause: 'web.1 on n1: exit code 1', at: '' };
  expect(endOf(rollout({ phase: 'rolling-back', rolledBack }), 3)).toBeUndefined();
  expect(endOf(rollout({ phase: 'rolled-back', rolledBack }), 3)).toBe('rolled-back');
  expect(endOf(rollout({ phase: 'rolled-back', generation: 4, rolledBack }), 4)).toBe('done');
  expect(endOf(rollout({ phase: 'paused' }), 3)).toBe('paused');
  expect(rolledBackSentence(rollout({ rolledBack }))).toBe(
    'revision 4 failed and was rolled back to revision 3: web.1 on n1: exit code 1',
  );
});

test('stuck is what lacks places only', () => {
  const lacking = service({ updated: 1, running: 1, healthy: 1, pending });
  expect(isStuck(rollout({ services: { web: lacking } }), 3)).toBe(true);
  expect(isStuck(rollout({ services: { web: lacking, db: service() } }), 3)).toBe(true);
  expect(isStuck(rollout({ services: { web: { ...lacking, healthy: 0 } } }), 3)).toBe(false);
  expect(isStuck(rollout({ services: { web: lacking, db: service({ healthy: 1 }) } }), 3)).toBe(false);
  expect(isStuck(rollout({ services: { web: service({ healthy: 0, waiting: 'waits for db' }) } }), 3)).toBe(false);
});

test('progress is a line a service', () => {
  const services = {
    web: service({ healthy: 1, updated: 1 }),
    store: service(),
    api: service({ healthy: 0, waiting: 'waits for store to be healthy' }),
    big: service({ healthy: 1, pending }),
  };
  expect(progressLines(rollout({ services }), painter(false))).toEqual([
    '  web    1/2  1 of 2 updated, 2 running',
    '  store  2/2',
    '  api    0/2  waits for store to be healthy',
    '  big    1/2  1 pending: no node has 64 GiB of memory left',
  ]);
});

test('each reason is said once a service', () => {
  const twice = [...pending, { ...pending[0], slot: 3 }] as ServiceProgress['pending'];
  expect(pendingReasons(rollout({ services: { web: service({ pending: twice }) } }))).toEqual([
    'web: no node has 64 GiB of memory left',
  ]);
});
