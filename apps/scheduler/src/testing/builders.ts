import type { AppRecord, NodeRecord, RevisionRecord, ServiceSpec, TaskState } from '@tutti/model';
import { emptyLedger } from '../core/ledger.js';
import type { NodeView, TaskView } from '../core/view.js';

const UPDATE: ServiceSpec['update'] = {
  parallelism: 1,
  delayMs: 0,
  order: 'start-first',
  failureAction: 'rollback',
  monitorMs: 0,
  maxFailureRatio: 0,
};

/** A service with every default written out. */
export function aService(over: Partial<ServiceSpec> = {}): ServiceSpec {
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
    runtime: {},
    ...over,
  };
}

export const dependsOn = (
  name: string,
  condition: ServiceSpec['dependsOn'][string]['condition'],
): Pick<ServiceSpec, 'dependsOn'> => ({ dependsOn: { [name]: { condition, restart: false, required: true } } });

/** An application at some revision; digests stand for the specs' contents. */
export function anApp(
  services: Record<string, ServiceSpec>,
  over: { app?: Partial<AppRecord>; revision?: Partial<RevisionRecord> } = {},
): { app: AppRecord; revision: RevisionRecord } {
  const base = { namespace: 'default', app: 'shop', command: 'c1', createdAt: time(0) };
  return {
    app: {
      ...base,
      revision: 1,
      state: 'active',
      generation: 1,
      scale: {},
      restarts: {},
      updatedAt: time(0),
      ...over.app,
    },
    revision: {
      ...base,
      revision: 1,
      spec: { services, networks: {}, volumes: {} },
      digests: Object.fromEntries(Object.keys(services).map((name) => [name, `${name}-1`])),
      ignored: [],
      ...over.revision,
    },
  };
}

export function aNode(name = 'n1', over: Partial<NodeRecord> = {}): NodeView {
  const record: NodeRecord = {
    node: name,
    labels: {},
    engine: { kind: 'sim', version: '1', apiVersion: '1.41', os: 'linux', arch: 'amd64' },
    capacity: { cpuMillis: 2000, memoryBytes: 1024 ** 3 },
    address: '127.0.0.1',
    startedAt: time(0),
    ...over,
  };
  return { record, ready: true, ledger: emptyLedger(name) };
}

/** A task of `service` in a slot; `state` is what its agent reports. */
export function aTask(service: string, slot: number, over: TaskOptions = {}): TaskView {
  const { state = 'running', health = 'none', id = `${service}${slot}`.padEnd(12, '0'), verdict } = over;
  const ref = { namespace: 'default', app: 'shop', service, task: id, node: 'n1' };
  return {
    keyRevision: 1,
    record: {
      ...ref,
      slot,
      revision: 1,
      digest: `${service}-1`,
      restartEpoch: 0,
      target: 'run',
      reserved: { cpuMillis: 0, memoryBytes: 0 },
      ports: [],
      cause: 'deploy of revision 1',
      placement: 'the only node that fits',
      failures: 0,
      createdAt: time(0),
      ...over.record,
    },
    status: {
      ...ref,
      slot,
      state,
      restarts: 0,
      health,
      image: 'test:1',
      revision: 1,
      addresses: {},
      ports: [],
      since: time(0),
      ...over.status,
    },
    ...(verdict && { verdict }),
  };
}

export interface TaskOptions {
  id?: string;
  state?: TaskState;
  health?: 'none' | 'starting' | 'healthy' | 'unhealthy';
  verdict?: TaskView['verdict'];
  record?: Partial<TaskView['record']>;
  status?: Partial<NonNullable<TaskView['status']>>;
}

/** A time `ms` after the epoch of the tests. */
export const time = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
export const NOW = Date.parse(time(60_000));
