import type { ApplicationSpec, ServiceSpec, TaskRecord } from '@tutti/model';

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
    stopGraceMs: 1000,
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

export function aSpec(services: Record<string, ServiceSpec>, over: Partial<ApplicationSpec> = {}): ApplicationSpec {
  const network = { external: false, internal: false, driverOpts: {}, labels: {} };
  return { services, networks: { default: network }, volumes: {}, ...over };
}

let made = 0;

/** A task of its own: slot 1 of `default/shop/web` on `n1`, unless told otherwise. */
export function aTask(over: Partial<TaskRecord> = {}): TaskRecord {
  made += 1;
  return {
    namespace: 'default',
    app: 'shop',
    service: 'web',
    task: (made + 0xabc000000000).toString(16),
    node: 'n1',
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
    createdAt: '2026-01-01T00:00:00.000Z',
    ...over,
  };
}
