import type { RecordKind } from '@tutti/model';

/** The past participles of each kind of record: what its events may be called, as `dev.tutti.<resource>.<participle>`. */
const PARTICIPLES = {
  app: ['created', 'changed', 'removing', 'removed'],
  revision: ['created', 'trimmed'],
  config: ['created', 'trimmed'],
  secret: ['created', 'trimmed'],
  outcome: ['accepted', 'rejected', 'failed'],
  availability: ['activated', 'cordoned', 'drained', 'lost', 'removed'],
  liveness: ['up', 'down', 'missing', 'returning', 'removed'],
  rebalance: ['asked', 'changed'],
  moves: ['begun'],
  task: ['scheduled', 'draining', 'stopping', 'displaced', 'kept', 'orphaned', 'removed'],
  ledger: ['changed', 'removed'],
  rollout: ['started', 'progressed', 'completed', 'paused', 'failed', 'rolling-back', 'rolled-back', 'removed'],
  node: ['joined', 'changed', 'removed'],
  status: [
    'accepted',
    'prepared',
    'created',
    'started',
    'restarted',
    'exited',
    'observed',
    'completed',
    'stopped',
    'failed',
    'rejected',
    'forgotten',
  ],
  health: ['changed', 'removed'],
  incident: ['opened', 'updated', 'resolved'],
  analysis: ['measured', 'removed'],
  endpoints: ['changed', 'removed'],
  route: ['changed', 'removed'],
  addressing: ['changed'],
  range: ['allocated', 'released'],
  virtual: ['allocated', 'kept', 'released'],
  bridges: ['changed', 'removed'],
  tunnel: ['changed', 'removed'],
  proxy: ['changed', 'removed'],
  usage: ['metered', 'removed'],
} as const satisfies Record<RecordKind, readonly string[]>;

/** The short name of an event of kind `K`, such as `started`. */
export type Participle<K extends RecordKind> = (typeof PARTICIPLES)[K][number];

/** Observations of a task are events of the task. */
const RESOURCE: Partial<Record<RecordKind, string>> = { status: 'task', availability: 'node', liveness: 'node' };

/** The CloudEvents type, such as `dev.tutti.task.failed`. */
export function eventType<K extends RecordKind>(kind: K, participle: Participle<K>): string {
  return `dev.tutti.${RESOURCE[kind] ?? kind}.${participle}`;
}
