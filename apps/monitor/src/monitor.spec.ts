import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  commit,
  filters,
  get,
  keys,
  list,
  put,
  remove,
  subjects,
  type Connection,
  type RunningService,
} from '@tutti/bus';
import type {
  AnalysisRecord,
  HealthRecord,
  IncidentRecord,
  LivenessRecord,
  RevisionRecord,
  RolloutRecord,
  StatusRecord,
  TaskRecord,
} from '@tutti/model';
import { eventually, historyOf, startLink, startTestBus, type Link, type TestBus } from '@tutti/testing';
import { start } from './index.js';
import { anExit, aStatus, aTask, at, died, restarted } from './testing/builders.js';

// A nats-server of its own for each test, on a machine that may be busy.
jest.setTimeout(30_000);

let bus: TestBus;
let operator: Connection;
let monitor: RunningService;

const startMonitor = (url = bus.url): Promise<RunningService> => {
  const credentials = bus.credentials('monitor');
  return start({ name: 'monitor', servers: [url], ...(credentials && { credentials }) });
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

test('what failed and was cleared away while no monitor was there is told by the next one, once', async () => {
  await schedule(aTask());
  await report(aStatus());
  await untilVerdict('healthy');
  await monitor.close();
  await commit(operator, [put('status', died(), { event: 'exited' })]);
  await commit(operator, [put('status', died({ state: 'failed' }), { event: 'failed' })]);
  await schedule(aTask({ task: 'b', replaces: aTask().task }));
  await report(aStatus({ task: 'b', startedAt: at(7000) }));
  await commit(operator, [remove('status', keys.status(aTask()), { event: 'forgotten' })]);
  await commit(operator, [remove('task', keys.task(aTask()), { event: 'removed' })]);
  monitor = await startMonitor();
  await until([{ task: aTask().task, exitCode: 137, resolvedAt: at(7000), downMs: 2000 }]);
  await monitor.close();
  monitor = await startMonitor();
  // What happens to another slot shows that the monitor is at work.
  await schedule(aTask({ task: 'c', slot: 2 }));
  await report(died({ task: 'c', slot: 2, lastExit: anExit({ at: at(9000) }) }));
  await until([{ task: aTask().task }, { task: 'c' }]);
  const opened = (await historyOf(operator, 'incident')).filter(({ type }) => type === 'dev.tutti.incident.opened');
  expect(opened).toHaveLength(2);
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

const judge = (node: string, over: Partial<LivenessRecord>): Promise<unknown> => {
  const verdict = { node, state: 'up' as const, reason: 'renews its lease', since: at(0), flaps: 0, ...over };
  return commit(operator, [put('liveness', verdict, { event: verdict.state })]);
};

test('a node that is down is an incident of the cluster until it is back; it says where its tasks went', async () => {
  const reason = 'it does not renew its lease';
  await schedule(aTask());
  await judge('n1', { state: 'down', reason, since: at(1000) });
  const [opened] = await until([{ kind: 'node-down', namespace: 'cluster', node: 'n1', cause: `node n1: ${reason}` }]);
  await schedule(aTask({ task: 'bbbbbbbbbbbb', node: 'n3', replaces: aTask().task }));
  await schedule(aTask({ orphaned: true, target: 'stop' }));
  await until([{ action: 'its task was placed on n3' }]);
  await monitor.close();
  monitor = await startMonitor();
  await judge('n1', { since: at(9000) });
  const { incident = '' } = opened ?? {};
  await until([{ incident, action: 'its task was placed on n3; its agent is back', downMs: 8000 }]);
});

test('nodes that vanish together are one incident, resolved when the last is back', async () => {
  await judge('n0', {});
  await judge('n1', { state: 'missing', reason: 'more than half vanished', since: at(1000) });
  await judge('n2', { state: 'missing', reason: 'more than half vanished', since: at(1000) });
  const [opened] = await until([
    { kind: 'nodes-missing', nodes: ['n1', 'n2'], cause: 'n1, n2: more than half vanished', openedAt: at(1000) },
  ]);
  await judge('n1', { since: at(4000) });
  await judge('n2', { since: at(5000) });
  await until([{ incident: opened?.incident ?? '', action: 'back: n1, n2', downMs: 4000 }]);
});

describe('two monitors', () => {
  const opened = async (): Promise<string[]> =>
    (await historyOf(operator, 'incident'))
      .filter(({ type }) => type === 'dev.tutti.incident.opened')
      .map(({ body }) => (body as IncidentRecord).openedAt)
      .sort();
  /** The history is copied a little later; what it tells too often it goes on telling too often. */
  const untilOpened = async (wanted: string[]): Promise<void> => {
    await eventually(async () => (await opened()).length >= wanted.length, { describe: opened });
    expect(await opened()).toEqual(wanted);
  };
  let link: Link;

  beforeEach(async () => {
    await monitor.close();
    link = await startLink(bus.url);
    monitor = await startMonitor(link.url);
    await schedule(aTask());
    await report(aStatus());
    await untilVerdict('healthy');
  });
  afterEach(() => link.close());

  test('when the leader is cut off, nothing that happens meanwhile is lost or told twice', async () => {
    const second = await startMonitor();
    await report(died());
    await until([{ openedAt: at(5000) }]);
    link.cut();
    // Two deaths while nobody leads: by the time that somebody does, the records tell of the second one only.
    await report(restarted());
    await report(died({ restarts: 2, startedAt: at(5400), lastExit: anExit({ code: 1, at: at(6000), logs: [] }) }));
    await report(
      restarted({ restarts: 2, startedAt: at(7000), lastExit: anExit({ code: 1, at: at(6000), logs: [] }) }),
    );
    await report(died({ restarts: 3, startedAt: at(7000), lastExit: anExit({ code: 2, at: at(8000), logs: [] }) }));
    await judge('n2', { state: 'down', since: at(2000) });
    await until([
      { kind: 'node-down', openedAt: at(2000) },
      { openedAt: at(5000), downMs: 400 },
      { openedAt: at(6000), downMs: 1000, cause: 'exit code 1' },
      { openedAt: at(8000), cause: 'exit code 2' },
    ]);
    await untilVerdict('starting');
    // The one that led wakes up, and finds all done.
    link.mend();
    await report(
      restarted({ restarts: 3, startedAt: at(8500), lastExit: anExit({ code: 2, at: at(8000), logs: [] }) }),
    );
    await untilVerdict('healthy');
    await second.close();
    await report(aStatus({ task: 'eeeeeeeeeeee', slot: 9, state: 'rejected', error: 'x', since: at(20_000) }));
    await eventually(async () => (await incidents()).length === 5, { describe: incidents });
    await untilOpened([at(2000), at(5000), at(6000), at(8000), at(20_000)]);
  });

  test('in a hundred failures, with the office changing hands, each is told once', async () => {
    const other = await startMonitor();
    const failures = Array.from({ length: 100 }, (_, n) => ({
      task: n.toString(16).padStart(12, '0'),
      slot: n + 10,
      state: 'rejected' as const,
      error: 'x',
      since: at(n),
    }));
    for (const [n, failure] of failures.entries()) {
      if (n === 30) link.cut();
      if (n === 60) link.mend();
      await report(aStatus(failure));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    await eventually(async () => (await incidents()).length === 100);
    await other.close();
    await untilOpened(failures.map(({ since }) => since));
  });
});

test('a task that could not be drained in its time is told of, once', async () => {
  const { namespace, app, service, task, node } = aTask();
  const leaving = [
    { task, node, since: at(0), cleared: at(10_000), overdue: 'no confirmation from the proxy of n2 after 10 s' },
  ];
  const tell = (): Promise<unknown> => {
    const record = { namespace, app, service, endpoints: [], leaving, updatedAt: at(10_000) };
    return commit(operator, [put('endpoints', record, { event: 'changed' })]);
  };
  await tell();
  const like = { kind: 'drain-overdue' as const, task, openedAt: at(0), resolvedAt: at(10_000) };
  const [incident] = await until([like]);
  expect(incident?.cause).toContain('no confirmation from the proxy of n2');
  await monitor.close();
  monitor = await startMonitor();
  await tell();
  await schedule(aTask());
  await report(died());
  await until([like, { kind: 'task-exited' }]);
  const told = (await historyOf(operator, 'incident')).filter(({ subject }) =>
    subject.includes(incident?.incident ?? 'none'),
  );
  expect(told).toHaveLength(1);
});

test('a rollback is told of once, with the last lines of the task that failed, whoever leads', async () => {
  const { namespace, app, service, slot, task, node } = aTask();
  const failure = { service, slot, task, node, reason: 'exit code 1', exitCode: 1 };
  const rolledBack = { from: 2, to: 1, generation: 2, cause: `${service}.${slot} on ${node}: exit code 1`, at: at(0) };
  const roll = (phase: RolloutRecord['phase']): Promise<unknown> => {
    const rollout = { namespace, app, revision: 2, generation: 2, target: 1, phase, services: {}, message: '' };
    const record = { ...rollout, revisionsInUse: [1], rolledBack, failure, startedAt: at(0), updatedAt: at(0) };
    return commit(operator, [put('rollout', record, { event: 'progressed' })]);
  };
  await schedule(aTask());
  await report(died());
  await roll('rolling-back');
  const like = { kind: 'rollout-failed' as const, task, exitCode: 1, openedAt: at(0) };
  await eventually(async () => (await incidents()).some(({ kind }) => kind === 'rollout-failed'), {
    describe: incidents,
  });
  await roll('rolled-back');
  const told = async (): Promise<IncidentRecord[]> =>
    (await incidents()).filter(({ kind, resolvedAt }) => kind === 'rollout-failed' && resolvedAt !== undefined);
  await eventually(async () => (await told()).length === 1, { describe: incidents });
  await monitor.close();
  monitor = await startMonitor();
  await roll('rolled-back');
  await report(restarted());
  await eventually(async () => (await incidents()).every(({ resolvedAt }) => resolvedAt), { describe: incidents });
  expect(await told()).toEqual([expect.objectContaining(like)]);
  const [incident] = await told();
  const events = (await historyOf(operator, 'incident')).filter(({ subject }) =>
    subject.includes(incident?.incident ?? 'none'),
  );
  expect(events.length).toBeLessThanOrEqual(3);
});

test('requests to a new version are measured step by step, and the figures go with the rollout', async () => {
  const base = {
    namespace: 'default',
    app: 'shop',
    revision: 2,
    generation: 2,
    phase: 'progressing' as const,
    message: '',
  };
  const shiftAt = (step: number) => ({
    digest: 'two',
    step,
    steps: 3,
    share: 10,
    since: at(step),
    measured: true as const,
  });
  const roll = (step?: number): Promise<unknown> => {
    const services = {
      web: step === undefined ? {} : { shift: shiftAt(step) },
    } as unknown as RolloutRecord['services'];
    const record = { ...base, services, revisionsInUse: [], startedAt: at(0), updatedAt: at(0) };
    return commit(operator, [put('rollout', record, { event: 'progressed' })]);
  };
  let requests = 0;
  const tell = (failed: number): void => {
    const count = {
      digest: 'two',
      since: at(0),
      requests: (requests += 10),
      failed,
      timed: requests,
      tookMs: 50 * requests,
    };
    const services = [{ namespace: 'default', app: 'shop', service: 'web', versions: [count] }];
    operator.nc.publish(subjects.versions('n1'), JSON.stringify({ node: 'n1', at: at(0), services }));
  };
  const analysis = async (): Promise<AnalysisRecord | undefined> =>
    (await get(operator, keys.analysis({ namespace: 'default', app: 'shop', service: 'web' })))?.record;
  const until = (step: number, fresh: Partial<AnalysisRecord['fresh']>, nodes: number): Promise<unknown> =>
    eventually(
      async () => {
        const found = await analysis();
        const isThere = found?.step === step && found.nodes === nodes && found.since === at(step);
        return isThere && Object.entries(fresh).every(([name, value]) => found.fresh[name as 'requests'] === value);
      },
      { describe: analysis },
    );

  await roll(1);
  await until(1, { requests: 0 }, 0);
  tell(0);
  await until(1, { requests: 0 }, 1);
  tell(3);
  await until(1, { requests: 10, failed: 3, latencyMs: 50 }, 1);

  // Another monitor goes on with the figures of this one.
  await monitor.close();
  monitor = await startMonitor();
  await until(1, { requests: 10, failed: 3 }, 0);
  tell(4);
  await eventually(async () => (await analysis())?.nodes === 1, { describe: analysis });
  tell(5);
  await until(1, { requests: 20, failed: 4 }, 1);

  await roll(2);
  await until(2, { requests: 0, failed: 0 }, 0);
  await roll();
  await eventually(async () => (await analysis()) === undefined, { describe: analysis });
});
