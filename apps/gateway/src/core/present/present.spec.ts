import fc from 'fast-check';
import type { NodeRecord, UsageRecord } from '@tutti/model';
import { aStatusRecord, aTaskRecord } from '@tutti/testing';
import { chooseRecords } from '../inspect.js';
import { presentNodes } from './nodes.js';
import { presentStatus } from './status.js';
import { presentTasks } from './tasks.js';
import { presentUsage } from './usage.js';

const AT = '2025-01-01T00:00:00.000Z';
const START = Date.parse(AT);

function usageOf(task: string, runs: UsageRecord['runs'], more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    ...{ namespace: 'default', app: 'shop', service: 'web', task, node: 'n1', slot: 1, runs, olderRunMs: 0 },
    ...{ cpuSeconds: 10, memoryByteSeconds: 1000, reserved: { cpuMillis: 0, memoryBytes: 0 }, updatedAt: AT, ...more },
  };
}

const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

describe('usage', () => {
  const records = [usageOf('a', [{ from: at(0), to: at(100) }]), usageOf('b', [{ from: at(50) }], { service: 'api' })];

  it('adds up whole lives', () => {
    expect(presentUsage(records, { by: 'app', now: START + 100_000 })).toEqual([
      expect.objectContaining({
        namespace: 'default',
        app: 'shop',
        containerSeconds: 150,
        cpuSeconds: 20,
        tasks: 2,
        from: at(0),
        to: at(100),
      }),
    ]);
  });

  it('gives a range its share', () => {
    const range = { from: START + 90_000, to: START + 95_000 };
    const [api, web] = presentUsage(records, { by: 'service', now: START + 100_000, ...range });
    expect(web).toMatchObject({ service: 'web', containerSeconds: 5, cpuSeconds: 0.5, from: at(90), to: at(95) });
    expect(api).toMatchObject({ service: 'api', containerSeconds: 5, cpuSeconds: 1 });
  });

  it('counts nothing twice where ranges meet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), (cut) => {
        const now = START + 100_000;
        const seconds = (range: object): number =>
          presentUsage(records, { by: 'app', now, ...range })[0]?.containerSeconds ?? 0;
        const middle = START + cut * 1000;
        expect(seconds({ to: middle }) + seconds({ from: middle })).toBeCloseTo(150);
      }),
    );
  });
});

describe('tasks', () => {
  const task = aTaskRecord({ target: 'stop' });
  const status = aStatusRecord({ state: 'failed' });

  it('leaves out those that have ended and are not wanted, unless all are asked for', () => {
    const seen = { task: [task], status: [status], health: [], rollout: [] };
    expect(presentTasks(seen, {})).toEqual([]);
    expect(presentTasks(seen, { all: true })).toMatchObject([{ state: 'failed', desired: 'stop' }]);
    expect(presentTasks({ ...seen, status: [] }, {})).toMatchObject([{ state: 'scheduled' }]);
    expect(presentTasks({ ...seen, task: [{ ...task, target: 'run' }] }, { state: 'failed' })).toHaveLength(1);
    expect(presentTasks({ ...seen, task: [{ ...task, target: 'run' }] }, { state: 'running' })).toHaveLength(0);
  });

  it('shows the verdict of the monitor on those that run, else what the engine says', () => {
    const running = { ...status, state: 'running' as const, health: 'starting' as const };
    const health = { ...task, verdict: 'unhealthy' as const, reason: '', since: AT };
    expect(presentTasks({ task: [task], status: [running], health: [health], rollout: [] }, {})[0]?.health).toBe(
      'unhealthy',
    );
    expect(presentTasks({ task: [task], status: [running], health: [], rollout: [] }, {})[0]?.health).toBe('starting');
  });
});

const NODE: NodeRecord = {
  ...{
    node: 'n1',
    labels: {},
    capacity: { cpuMillis: 1500, memoryBytes: 10 },
    address: '127.0.0.1',
    leaseTtlMs: 3000,
    startedAt: AT,
  },
  engine: { kind: 'docker', version: '1', apiVersion: '1.41', os: 'linux', arch: 'amd64' },
};

describe('nodes and status', () => {
  it('counts in cores, and takes a node without a lease for down', () => {
    const seen = { node: [{ record: NODE, revision: 5 }], availability: [], liveness: [], ledger: [] };
    const [node] = presentNodes({ ...seen, alive: new Set() });
    expect(node).toMatchObject({
      state: 'down',
      capacity: { cpu: 1.5, memory: 10 },
      reserved: { cpu: 0, memory: 0 },
      tasks: 0,
    });
    expect(presentNodes({ ...seen, alive: new Set(['n1']) })[0]?.state).toBe('ready');
  });

  it('is not healthy while a service is missing', () => {
    const bus = { server: '', version: '', connected: true, streams: [] };
    const status = presentStatus({
      bus,
      services: [],
      nodes: [],
      seen: { task: [], status: [], incident: [], app: [] },
    });
    expect(status.healthy).toBe(false);
    expect(status.services).toContainEqual({ name: 'policy', version: null, state: 'missing', since: null });
  });
});

describe('inspect', () => {
  const records = [
    { namespace: 'a', app: 'shop', revision: 1 },
    { namespace: 'a', app: 'shop', revision: 2 },
    { namespace: 'b', app: 'shop', service: 'web', task: '0123' },
  ];

  it('finds by application, part and beginning of an id', () => {
    expect(chooseRecords(records, 'shop')).toHaveLength(3);
    expect(chooseRecords(records, 'shop', 'b')).toHaveLength(1);
    expect(chooseRecords(records, 'shop/2')).toEqual([records[1]]);
    expect(chooseRecords(records, '01')).toEqual([records[2]]);
    expect(chooseRecords(records, 'nobody')).toEqual([]);
  });
});
