import { jest } from '@jest/globals';
import { EngineError, SimEngine } from '@tutti/engine';
import { STREAM, subjects } from '@tutti/bus';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { LABEL } from './core/labels.js';
import { aService, aSpec } from './testing/builders.js';
import { NodeFixture, someId } from './testing/node-fixture.js';

const WEB = aSpec({ web: aService({ image: 'web' }) });

// Nothing here waits for long, but a machine may be busy.
jest.setTimeout(30_000);

describe('a node', () => {
  let bus: TestBus;
  const nodes: NodeFixture[] = [];

  beforeAll(async () => {
    bus = await startTestBus({ secured: true });
  }, 30_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await bus.stop();
  }, 30_000);

  const startNode = async (engine = new SimEngine()): Promise<{ engine: SimEngine; node: NodeFixture }> => {
    const node = await NodeFixture.start(bus, engine, { sampleEveryMs: 200 });
    nodes.push(node);
    return { engine, node };
  };

  test('restarts a crashed container in place, and says what it printed before', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const { container } = await node.run(WEB, task);
    engine.print(container, 'out of luck', 'stderr');
    await new Promise((resolve) => setTimeout(resolve, 5));
    engine.crash(container, 3);
    const healed = await node.until(task, ({ restarts, lastExit }) => restarts === 1 && lastExit?.logs !== undefined);
    expect(healed).toMatchObject({
      container,
      state: 'running',
      action: 'restarting in place, attempt 1',
      lastExit: { code: 3, oom: false, logs: ['out of luck'] },
    });
    expect(await engine.inspect(container)).toMatchObject({ state: 'running' });
  });

  test('gives up when the stated attempts are used up', async () => {
    const { node } = await startNode(new SimEngine({ images: { bad: { exitAfterMs: 5, exitCode: 7 } } }));
    const task = node.task();
    const restart = { condition: 'any' as const, maxAttempts: 2, delayMs: 0 };
    await node.deploy(aSpec({ web: aService({ image: 'bad', restart }) }), task);
    await node.schedule(task);
    const failed = await node.until(task, ({ state }) => state === 'failed');
    expect(failed).toMatchObject({
      restarts: 2,
      error: 'exit code 7',
      action: 'given up after 2 restarts, as its restart policy says',
    });
    expect(failed.container).toBeDefined();
  });

  test('completes a job, and keeps its container until the task goes', async () => {
    const { engine, node } = await startNode(new SimEngine({ images: { job: { exitAfterMs: 5 } } }));
    const task = node.task();
    await node.deploy(aSpec({ web: aService({ image: 'job', mode: 'replicated-job' }) }), task);
    await node.schedule(task);
    expect(await node.until(task, ({ state }) => state === 'complete')).toMatchObject({ restarts: 0 });
    expect(await engine.list()).toHaveLength(1);
    await node.drop(task);
    expect(await engine.list()).toEqual([]);
    expect(await engine.listNetworks({ labels: { [LABEL.node]: '' } })).toEqual([]);
  });

  test('adopts what runs without a restart or a report', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const before = await node.run(WEB, task);
    const report = await node.reportNumber(task);
    await node.close();
    await node.startAgent();
    const other = node.task();
    await node.run(WEB, other);
    expect(await node.status(task)).toEqual(before);
    expect(await node.reportNumber(task)).toBe(report);
    expect(await engine.inspect(before.container)).toMatchObject({ startedAt: before.startedAt });
  });

  test('heals and reports what ended while no agent was there', async () => {
    const { engine, node } = await startNode();
    const [crashed, removed] = [node.task(), node.task()];
    const { container } = await node.run(WEB, crashed);
    const gone = await node.run(WEB, removed);
    await node.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    engine.crash(container, 9);
    await engine.remove(gone.container, { force: true });
    await node.startAgent();
    const healed = await node.until(crashed, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(healed).toMatchObject({ container, lastExit: { code: 9 } });
    const remade = await node.until(removed, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(remade.container).not.toBe(gone.container);
    expect(remade.lastExit).toMatchObject({ code: null });
  });

  test('removes what no task wants, keeps one of two, and touches nothing of others', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const { container } = await node.run(WEB, task);
    await node.close();
    const { node: name, clusterId } = node.options;
    const ours = { [LABEL.cluster]: clusterId, [LABEL.node]: name, [LABEL.namespace]: 'default' };
    const labelled = async (labels: Record<string, string>): Promise<string> => {
      const { id } = await engine.create({ name: `c-${someId()}`, image: 'x', labels });
      await engine.start(id);
      return id;
    };
    const of = (id: string): Record<string, string> => ({
      ...ours,
      [LABEL.app]: 'a',
      [LABEL.service]: 's',
      [LABEL.task]: id,
    });
    const strays = [
      await labelled(of(someId())),
      await labelled({ ...of(task.task), [LABEL.app]: task.app, [LABEL.service]: 'web' }),
      await labelled(ours),
    ];
    const foreign = [await labelled({}), await labelled({ ...of(someId()), [LABEL.cluster]: 'another' })];
    await node.startAgent();
    await eventually(async () => {
      const left = (await engine.list()).map(({ id }) => id);
      return strays.every((id) => !left.includes(id));
    });
    for (const id of [container, ...foreign]) expect(await engine.inspect(id)).toMatchObject({ state: 'running' });
  });

  test('lists again after a gap in the events', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const { container } = await node.run(WEB, task);
    engine.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 5));
    engine.crash(container);
    engine.reconnect();
    const healed = await node.until(task, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(healed.container).toBe(container);
  });

  test('heals without the bus, and tells when it is back', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const { container } = await node.run(WEB, task);
    const crashing = bus.crash();
    engine.crash(container, 4);
    await eventually(async () => (await engine.inspect(container))?.state === 'running');
    // Two ends of one container are told apart by the engine's clock, which counts milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5));
    engine.crash(container, 5);
    await crashing;
    const healed = await node.until(task, ({ state, restarts }) => state === 'running' && restarts === 2);
    expect(healed).toMatchObject({ container, lastExit: { code: 5 } });
  }, 60_000);

  test('a stop ends a pull, and honours a create that is under way', async () => {
    const engine = new SimEngine({ images: { far: { absent: true } }, latencies: { pull: 60_000, create: 300 } });
    const { node } = await startNode(engine);
    const [pulling, creating] = [node.task(), node.task()];
    await node.deploy(aSpec({ web: aService({ image: 'far' }) }), pulling);
    await node.deploy(WEB, creating);
    await node.schedule(pulling, creating);
    await node.until(pulling, ({ message }) => message === 'fetching the image far');
    await node.aim(pulling, 'stop');
    await node.aim(creating, 'stop');
    await node.until(pulling, ({ state }) => state === 'stopped');
    await node.until(creating, ({ state }) => state === 'stopped');
    expect(await engine.list()).toEqual([]);
  });

  test('tries again what may work later, and refuses what cannot', async () => {
    const engine = new SimEngine({ images: { gone: { absent: true, pullError: 'no such repository' } } });
    const { node } = await startNode(engine);
    engine.failNext('create', new EngineError('unavailable', 'the engine restarts'));
    engine.failNext('start', new EngineError('timeout', 'no answer'));
    const later = node.task({ ports: [{ target: 80, published: 8080, protocol: 'tcp' }] });
    expect(await node.run(WEB, later)).toMatchObject({ restarts: 0, ports: [{ host: 8080, container: 80 }] });

    const [taken, gone, lost] = [node.task({ ports: later.ports }), node.task(), node.task({ revision: 9 })];
    await node.deploy(WEB, taken);
    await node.deploy(aSpec({ web: aService({ image: 'gone' }) }), gone);
    await node.schedule(taken, gone, lost);
    const errorOf = async (task: typeof taken): Promise<string | undefined> =>
      (await node.until(task, ({ state }) => state === 'rejected')).error;
    expect(await errorOf(taken)).toContain('port 8080 of the host is taken');
    expect(await errorOf(gone)).toBe('cannot pull gone: no such repository');
    expect(await errorOf(lost)).toContain(`revision 9 of ${lost.app} is gone`);
  }, 30_000);

  test('follows health and the kernel’s verdict', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const healthcheck = { test: ['CMD', 'true'], intervalMs: 10, timeoutMs: 10, retries: 1, startPeriodMs: 0 };
    const { container } = await node.run(aSpec({ web: aService({ healthcheck }) }), task);
    await node.until(task, ({ health }) => health === 'healthy');
    engine.setHealth(container, 'unhealthy');
    await node.until(task, ({ health }) => health === 'unhealthy');
    engine.exhaustMemory(container);
    const healed = await node.until(task, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(healed.lastExit).toMatchObject({ code: 137, oom: true });
  });

  test('ships each line once, over a restart of the agent, and the last ones before a removal', async () => {
    const { engine, node } = await startNode();
    const task = node.task();
    const { container } = await node.run(WEB, task);
    const { nc, jsm } = await bus.connect();
    const seen: string[] = [];
    const samples: unknown[] = [];
    nc.subscribe(subjects.logs(task), {
      callback: (_, message) => {
        const { lines } = message.json<{ lines: { line: string }[] }>();
        seen.push(...lines.map(({ line }) => line));
      },
    });
    nc.subscribe(subjects.samples(task.node), { callback: (_, message) => void samples.push(message.json()) });
    await nc.flush();
    engine.print(container, 'one');
    await eventually(() => seen.includes('one'));
    await eventually(async () => (await jsm.streams.info(STREAM.logs)).state.messages > 0);
    await node.close();
    engine.print(container, 'two');
    await node.startAgent();
    await eventually(() => seen.includes('two'));
    engine.print(container, 'three');
    await node.aim(task, 'stop');
    await node.until(task, ({ state }) => state === 'stopped');
    await eventually(() => seen.includes('three'));
    expect(seen).toEqual(['one', 'two', 'three']);
    expect(samples[0]).toMatchObject({
      node: task.node,
      tasks: [{ task: task.task, memoryBytes: expect.any(Number) }],
    });
  });
});
