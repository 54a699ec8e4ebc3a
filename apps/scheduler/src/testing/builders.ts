import type { AppRecord, NodeRecord, RevisionRecord, ServiceSpec, TaskState } from '@tutti/model';
import { aStatusRecord, aTaskRecord, time } from '@tutti/testing';
import { emptyLedger } from '../core/ledger.js';
import type { NodeView } from '../core/node-view.js';
import type { TaskView } from '../core/view.js';

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
    leaseTtlMs: 3000,
    startedAt: time(0),
    ...over,
  };
  return { record, liveness: 'up', since: 0, availability: 'active', ledger: emptyLedger(name) };
}

/** A task of `service` in a slot; `state` is what its agent reports. */
export function aTask(service: string, slot: number, over: TaskOptions = {}): TaskView {
  const { state = 'running', health = 'none', id = `${service}${slot}`.padEnd(12, '0') } = over;
  const isReady = state === 'running' && (health === 'none' || health === 'healthy');
  const { verdict = isReady ? 'healthy' : undefined } = over;
  const named = { service, slot, task: id };
  return {
    keyRevision: 1,
    record: aTaskRecord({ ...named, digest: `${service}-1`, placement: 'the only node that fits', ...over.record }),
    status: aStatusRecord({ ...named, state, health, ...over.status }),
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

export const NOW = Date.parse(time(60_000));
