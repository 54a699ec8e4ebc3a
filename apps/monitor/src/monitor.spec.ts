import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  commit,
  filters,
  get,
  holdLease,
  keys,
  list,
  put,
  remove,
  type Connection,
  type RunningService,
} from '@tutti/bus';
import type { HealthRecord, IncidentRecord, RevisionRecord, StatusRecord, TaskRecord } from '@tutti/model';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { start } from './index.js';
import { anExit, aStatus, aTask, at, died, restarted } from './testing/builders.js';

// A nats-server of its own for each test, on a machine that may be busy.
jest.setTimeout(30_000);

let bus: TestBus;
let operator: Connection;
let monitor: RunningService;

const startMonitor = (): Promise<RunningService> => {
  const credentials = bus.credentials('monitor');
  return start({
    name: 'monitor',
    servers: [bus.url],
    settings: { nodeGraceMs: 1500 },
    ...(credentials && { credentials }),
  });
};

beforeEach(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  monitor = await startMonitor();
});

afterEach(async () => {
  await monitor.close();
  await bus.stop();
});

const report = (status: StatusRecord): Promise<unknown> =>
  commit(operator, [put('status', status, { event: 'observed' })]);
const schedule = (task: TaskRecord): Promise<unknown> => commit(operator, [put('task', task, { event: 'scheduled' })]);

const incidents = async (): Promise<IncidentRecord[]> =>
  (await list(operator, [filters.all('incident')]))
    .map(({ record }) => record)
    .sort((a, b) => a.openedAt.localeCompare(b.openedAt));
const until = (like: Partial<IncidentRecord>[]): Promise<IncidentRecord[]> =>
  eventually(
    async () => {
      const found = await incidents();
      try {
        expect(found).toEqual(like.map((one) => expect.objectContaining(one)));
        return found;
      } catch {
        return undefined;
      }
    },
    { describe: incidents },
  );
const verdict = async (): Promise<HealthRecord['verdict'] | 'none'> =>
  (await get(operator, keys.health(aTask())))?.record.verdict ?? 'none';
const untilVerdict = (wanted: string): Promise<unknown> =>
  eventually(async () => (await verdict()) === wanted, { describe: verdict });

test('a death healed in place is explained, with evidence that comes later, down to the millisecond', async () => {
  await schedule(aTask());
  await report(aStatus());
  await untilVerdict('healthy');
  await report(died());
  const [opened] = await until([{ kind: 'task-exited', cause: 'exit code 137: killed by SIGKILL', exitCode: 137 }]);
  expect(opened).toMatchObject({ action: 'restarting in place, attempt 1', openedAt: at(5000), logs: [] });
  await report(restarted());
  await until([{ action: 'restarted in place (attempt 1)', resolvedAt: at(5400), downMs: 400 }]);
  await report(restarted({ lastExit: anExit({ logs: ['last words'] }) }));
  await until([{ incident: opened?.incident ?? '', logs: ['last words'], downMs: 400 }]);
});

test('running out of memory names the limit', async () => {
  const limits = { cpuMillis: 1000, memoryBytes: 64 * 1024 ** 2 };
  const spec = { services: { web: { limits } }, networks: {}, volumes: {} } as unknown as RevisionRecord['spec'];
  const base = {
    namespace: 'default',
    app: 'shop',
    revision: 1,
    digests: {},
    ignored: [],
    command: 'c',
    createdAt: at(0),
  };
  await commit(operator, [put('revision', { ...base, spec }, { event: 'created' })]);
  await schedule(aTask());
  await report(died({ lastExit: anExit({ oom: true }) }));
  await until([{ kind: 'task-oom', cause: 'out of memory: limit 64 MiB', oom: true }]);
});

test('a task that failed for good says by which it was replaced, and is resolved when that runs', async () => {
  await schedule(aTask());
  const action = 'given up after 5 failures in 10 minutes';
  await report(aStatus({ state: 'failed', lastExit: anExit({ code: 1, logs: [] }), action }));
  await until([{ cause: 'exit code 1', action: 'gave up after 5 failures in 10 minutes' }]);
  const next = { task: 'bbbbbbbbbbbb', node: 'n2' };
  await schedule(aTask({ ...next, replaces: aTask().task, createdAt: at(6000) }));
  await until([{ action: 'gave up after 5 failures in 10 minutes; replaced by task bbbbbbbbbbbb on node n2' }]);
  await report(aStatus({ ...next, startedAt: at(6500) }));
  await until([{ resolvedAt: at(6500), downMs: 1500 }]);
  expect(await verdict()).toBe('none');
});

test('an engine that refuses is an incident; one whose slot is given up is closed', async () => {
  await schedule(aTask());
  await report(aStatus({ state: 'rejected', error: 'no such image: nope:1', startedAt: undefined, since: at(500) }));
  await until([{ kind: 'task-rejected', cause: 'no such image: nope:1', openedAt: at(500) }]);
  await commit(operator, [remove('task', keys.task(aTask()), { event: 'removed' })]);
  await commit(operator, [remove('status', keys.status(aTask()), { event: 'forgotten' })]);
  const [closed] = await until([{ action: 'removed: it is not wanted any more' }]);
  expect(closed?.resolvedAt).toBeDefined();
});

test('the verdict follows the health check; each time it fails is an incident', async () => {
  await schedule(aTask());
  await report(aStatus({ health: 'starting' }));
  await untilVerdict('starting');
  await report(aStatus({ health: 'healthy' }));
  await untilVerdict('healthy');
  await report(aStatus({ health: 'unhealthy', probe: 'connection\nrefused' }));
  await until([{ kind: 'task-unhealthy', cause: 'its health check fails: connection refused' }]);
  await report(aStatus({ health: 'healthy' }));
  await until([{ action: 'recovered by itself' }]);
  await commit(operator, [remove('status', keys.status(aTask()), { event: 'forgotten' })]);
  await untilVerdict('none');
});

test('what was asked for is no incident', async () => {
  await schedule(aTask({ target: 'stop' }));
  await report(aStatus());
  await report(aStatus({ lastExit: anExit({ code: 143 }), finishedAt: at(5000) }));
  await report(aStatus({ state: 'stopped', lastExit: anExit({ code: 143 }), finishedAt: at(5000) }));
  const job = { task: 'cccccccccccc', slot: 2 };
  await schedule(aTask(job));
  await report(aStatus({ ...job, state: 'complete', lastExit: anExit({ code: 0 }), finishedAt: at(5000) }));
  const marker = { task: 'dddddddddddd', slot: 3 };
  await schedule(aTask(marker));
  await report(died({ ...marker, lastExit: anExit({ code: 0 }) }));
  await until([{ task: 'dddddddddddd', cause: 'exit code 0: it ended by itself' }]);
});

test('failures while the monitor was down are found at its start, and nothing is recorded twice', async () => {
  await schedule(aTask());
  await report(aStatus());
  await report(died());
  await until([{ openedAt: at(5000) }]);
  await monitor.close();
  await report(restarted({ lastExit: anExit({ logs: ['one'] }) }));
  await report(died({ restarts: 2, startedAt: at(5400), lastExit: anExit({ code: 1, at: at(9000), logs: [] }) }));
  monitor = await startMonitor();
  const [first, second] = await until([
    { openedAt: at(5000), resolvedAt: at(5400), downMs: 400 },
    { openedAt: at(9000), cause: 'exit code 1' },
  ]);
  await report(
    restarted({ restarts: 2, startedAt: at(9500), lastExit: anExit({ code: 1, at: at(9000), logs: ['two'] }) }),
  );
  await until([{ incident: first?.incident ?? '' }, { incident: second?.incident ?? '', downMs: 500, logs: ['two'] }]);
  await monitor.close();
  const before = await list(operator, [filters.all('incident')]);
  monitor = await startMonitor();
  await schedule(aTask({ task: 'eeeeeeeeeeee', slot: 9 }));
  await report(aStatus({ task: 'eeeeeeeeeeee', slot: 9, state: 'rejected', error: 'x', since: at(20_000) }));
  await eventually(async () => (await incidents()).length === 3);
  expect((await list(operator, [filters.all('incident')])).slice(0, 2)).toEqual(before);
});

test('a crash of the bus loses no failure', async () => {
  await schedule(aTask());
  await report(aStatus());
  await untilVerdict('healthy');
  await bus.crash();
  await eventually(
    () =>
      report(died()).then(
        () => true,
        () => false,
      ),
    { timeoutMs: 20_000 },
  );
  await until([{ openedAt: at(5000) }]);
  await report(restarted());
  await until([{ downMs: 400 }]);
}, 60_000);

test('a node whose lease runs out is an incident of the cluster until it is back', async () => {
  const lease = { kind: 'node', name: 'n1', ttlMs: 1000, everyMs: 200 } as const;
  const agent = await bus.connect();
  const { release: giveUp } = holdLease(agent, lease);
  const label = {
    node: 'n1',
    labels: {},
    capacity: { cpuMillis: 1, memoryBytes: 1 },
    address: '127.0.0.1',
    leaseTtlMs: 3000,
    startedAt: at(0),
  };
  const engine = { kind: 'sim', version: '1', apiVersion: '1', os: 'linux', arch: 'amd64' };
  await commit(operator, [put('node', { ...label, engine }, { event: 'joined' })]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await agent.nc.close();
  giveUp();
  await until([{ kind: 'node-down', namespace: 'cluster', node: 'n1' }]);
  await monitor.close();
  monitor = await startMonitor();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const [open] = await incidents();
  expect(open?.resolvedAt).toBeUndefined();
  const { release } = holdLease(operator, lease);
  await until([{ incident: open?.incident ?? '', action: 'its agent is back' }]);
  release();
});
