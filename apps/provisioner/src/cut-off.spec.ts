import { commit, put, watchLeases, type LeaseChange } from '@tutti/bus';
import { SimEngine, type EngineEvent } from '@tutti/engine';
import { FENCE, type LivenessRecord } from '@tutti/model';
import { eventually, startLink, startTestBus, type Link, type TestBus } from '@tutti/testing';
import { aService, aSpec } from './testing/builders.js';
import { NodeFixture } from './testing/node-fixture.js';

const TTL = 1500;
const AWAY_MS = 300;
const PLAIN = aSpec({ web: aService() });
const FENCED = aSpec({ web: aService({ onPartition: 'stop' }) });

/** An agent whose link to the bus can be cut, on an engine whose events are kept. */
async function onLink(bus: TestBus, link: Link, engine = new SimEngine()) {
  const events: EngineEvent[] = [];
  const watching = engine.events().subscribe((event) => void events.push(event));
  const over = { servers: [link.url], leaseTtlMs: TTL, leaseEveryMs: 400, engineAwayMs: AWAY_MS };
  const node = await NodeFixture.start(bus, engine, over);
  const orderOf = (...ids: string[]): string[] =>
    events.flatMap((event) =>
      'id' in event && ids.includes(event.id) ? [`${event.type} ${ids.indexOf(event.id)}`] : [],
    );
  return { node, engine, orderOf, watching };
}

const stateOf = async (engine: SimEngine, id: string): Promise<string | undefined> => (await engine.inspect(id))?.state;

describe('a node that is cut off', () => {
  let bus: TestBus;
  let link: Link;
  const nodes: NodeFixture[] = [];

  beforeAll(async () => {
    bus = await startTestBus();
    link = await startLink(bus.url);
  }, 30_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await link.close();
    await bus.stop();
  }, 30_000);

  const start = async (engine?: SimEngine): Promise<Awaited<ReturnType<typeof onLink>>> => {
    const made = await onLink(bus, link, engine);
    nodes.push(made.node);
    return made;
  };

  const judge = async (node: string, state: LivenessRecord['state']): Promise<void> => {
    const record = { node, state, reason: 'test', since: new Date().toISOString(), flaps: 0 };
    await commit(await bus.connect(), [put('liveness', record, { event: state })]);
  };

  test('stops what is fenced by itself, lets the rest run, and starts it again in place when it is back', async () => {
    const { node, engine } = await start();
    const [fenced, plain] = [node.task(), node.task()];
    const [a, b] = [await node.run(FENCED, fenced), await node.run(PLAIN, plain)];
    const cutAt = performance.now();
    link.cut();
    await eventually(async () => (await stateOf(engine, a.container)) === 'exited');
    // From the last renewal that went through; the sim stops at once.
    expect(performance.now() - cutAt).toBeLessThan(TTL + FENCE.noticeMs);
    expect(await engine.inspect(b.container)).toMatchObject({ state: 'running', startedAt: b.startedAt });
    engine.crash(b.container);
    await eventually(async () => (await stateOf(engine, b.container)) === 'running');
    link.mend();
    const back = await node.until(fenced, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(back).toMatchObject({ container: a.container, action: expect.stringContaining('the node was cut off') });
    expect(await node.until(plain, ({ restarts }) => restarts === 1)).toMatchObject({ container: b.container });
  }, 30_000);

  test('does not start a fenced task again while the node counts as down', async () => {
    const { node, engine } = await start();
    const fenced = node.task();
    const { container } = await node.run(FENCED, fenced);
    link.cut();
    await eventually(async () => (await stateOf(engine, container)) === 'exited');
    await judge(node.options.node, 'down');
    link.mend();
    await node.until(fenced, ({ state }) => state === 'starting');
    expect(await stateOf(engine, container)).toBe('exited');
    await judge(node.options.node, 'up');
    await node.until(fenced, ({ state, restarts }) => state === 'running' && restarts === 1);
  }, 30_000);

  test('stops what was given up before it starts what is wanted, and touches nothing else', async () => {
    const { node, engine, orderOf } = await start(new SimEngine({ latencies: { stop: 300 } }));
    const [lost, gone, kept, next] = [node.task(), node.task(), node.task(), node.task()];
    const [a, b, c] = [await node.run(PLAIN, lost), await node.run(PLAIN, gone), await node.run(PLAIN, kept)];
    await node.deploy(PLAIN, next);
    link.cut();
    await new Promise((resolve) => setTimeout(resolve, TTL + 500));
    await node.schedule(next, { ...lost, target: 'stop', orphaned: true });
    const dropped = node.drop(gone);
    link.mend();
    const d = (await node.until(next, ({ state }) => state === 'running')).container ?? '';
    await Promise.all([dropped, node.until(lost, ({ state }) => state === 'stopped')]);
    const order = orderOf(a.container, b.container, c.container, d);
    expect(order.indexOf('start 3')).toBeGreaterThan(Math.max(order.indexOf('die 0'), order.indexOf('die 1')));
    expect(order.filter((entry) => entry.endsWith('2'))).toEqual(['create 2', 'start 2']);
    expect(await engine.inspect(c.container)).toMatchObject({ state: 'running', startedAt: c.startedAt });
  }, 30_000);

  test('waits for a bounded time for what does not stop', async () => {
    const { node } = await start(new SimEngine({ latencies: { stop: 60_000 } }));
    const [lost, next] = [node.task(), node.task()];
    await node.run(PLAIN, lost);
    await node.deploy(PLAIN, next);
    link.cut();
    await new Promise((resolve) => setTimeout(resolve, TTL + 500));
    await node.schedule(next, { ...lost, target: 'stop', orphaned: true });
    link.mend();
    await node.until(next, ({ state }) => state === 'running');
  }, 30_000);

  test('an engine that stays away costs the node its lease, unless fenced tasks may still run there', async () => {
    const changes: LeaseChange[] = [];
    watchLeases(await bus.connect(), 'node').subscribe((change) => void changes.push(change));
    const expired = (name: string): boolean =>
      changes.some((change) => change.type === 'expired' && change.name === name);
    const [plain, fenced] = [await start(), await start()];
    await plain.node.run(PLAIN, plain.node.task());
    await fenced.node.run(FENCED, fenced.node.task());
    [plain, fenced].forEach(({ engine }) => engine.disconnect());
    await eventually(() => expired(plain.node.options.node));
    await new Promise((resolve) => setTimeout(resolve, 2 * AWAY_MS));
    expect(expired(fenced.node.options.node)).toBe(false);
    [plain, fenced].forEach(({ engine }) => engine.reconnect());
  }, 30_000);
});
