import { DEFAULT_TRAFFIC, type ServiceSpec, type StatusRecord, type TaskRecord } from '@tutti/model';

/** The moment `ms` milliseconds into the tests' own time, which begins with the year 2026. */
export const time = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

/** The task of {@link aTaskRecord} and {@link aStatusRecord}, and where it belongs. */
export const TASK_REF = { namespace: 'default', app: 'shop', service: 'web', task: 'aaaaaaaaaaaa', node: 'n1' };

const UPDATE: ServiceSpec['update'] = {
  parallelism: 1,
  delayMs: 0,
  order: 'start-first',
  failureAction: 'rollback',
  monitorMs: 0,
  maxFailureRatio: 0,
};

/** A service with every default written out; updates are not watched, so that no test waits for that. */
export function aServiceSpec(over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    image: 'test:1',
    pullPolicy: 'missing',
    environment: {},
    labels: {},
    ports: [],
    mounts: [],
    networks: { default: { aliases: [] } },
    dependsOn: {},
    stopGraceMs: 10_000,
    restart: { condition: 'any' },
    mode: 'replicated',
    replicas: 1,
    replicasStated: true,
    limits: { cpuMillis: 0, memoryBytes: 0 },
    reservations: { cpuMillis: 0, memoryBytes: 0 },
    placement: { constraints: [], spread: [] },
    update: UPDATE,
    rollback: UPDATE,
    traffic: DEFAULT_TRAFFIC,
    runtime: {},
    ...over,
  };
}

/** What the scheduler writes of a task that is to run: slot 1 of `default/shop/web` on `n1`, unless told otherwise. */
export function aTaskRecord(over: Partial<TaskRecord> = {}): TaskRecord {
  return {
    ...TASK_REF,
    slot: 1,
    revision: 1,
    digest: 'd',
    restartEpoch: 0,
    target: 'run',
    reserved: { cpuMillis: 0, memoryBytes: 0 },
    ports: [],
    cause: 'deploy of revision 1',
    placement: 'the only node',
    failures: 0,
    createdAt: time(0),
    ...over,
  };
}

/** What the agent of that task writes: it runs, and has no health check. */
export function aStatusRecord(over: Partial<StatusRecord> = {}): StatusRecord {
  return {
    ...TASK_REF,
    slot: 1,
    state: 'running',
    restarts: 0,
    health: 'none',
    image: 'test:1',
    revision: 1,
    addresses: {},
    ports: [],
    since: time(0),
    ...over,
  };
}
