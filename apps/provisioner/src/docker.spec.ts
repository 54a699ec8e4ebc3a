import { DockerEngine } from '@tutti/engine';
import { BUSYBOX_IMAGE, ensureBusyboxImage, eventually, startTestBus, type TestBus } from '@tutti/testing';
import { LABEL } from './core/labels.js';
import { aService, aSpec, aTask } from './testing/builders.js';
import { startNode, type NodeFixture } from './testing/node-fixture.js';

const SLEEPER = aService({ image: BUSYBOX_IMAGE, command: ['sleep', '600'], runtime: { init: true } });

describe('a node with a real Docker Engine', () => {
  let bus: TestBus;
  let engine: DockerEngine;
  let node: NodeFixture;

  beforeAll(async () => {
    await ensureBusyboxImage();
    bus = await startTestBus({ secured: true });
    engine = await DockerEngine.connect();
    node = await startNode(bus, {});
  }, 60_000);

  afterAll(async () => {
    await node?.close();
    for (const { id } of await engine.list({ labels: { [LABEL.cluster]: node.clusterId } })) {
      await engine.remove(id, { force: true });
    }
    for (const { name } of await engine.listNetworks({ labels: { [LABEL.cluster]: node.clusterId } })) {
      await engine.removeNetwork(name);
    }
    await engine?.close();
    await bus?.stop();
  }, 60_000);

  const task = (over = {}): ReturnType<typeof aTask> =>
    aTask({ node: node.node, task: node.id(), app: `a${node.id()}`, ...over });

  test('a task becomes a container, heals when it is killed, and leaves nothing behind', async () => {
    const wanted = task();
    await node.deploy(aSpec({ web: SLEEPER }), { app: wanted.app });
    await node.schedule(wanted);
    const running = await node.until(wanted, ({ state }) => state === 'running');
    expect(running).toMatchObject({
      restarts: 0,
      image: BUSYBOX_IMAGE,
      addresses: { default: expect.stringMatching(/^\d/) },
    });

    await engine.kill(running.container as string);
    const healed = await node.until(wanted, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(healed).toMatchObject({
      container: running.container,
      lastExit: { code: 137, oom: false },
      action: 'restarting in place, attempt 1',
    });
    await node.until(wanted, ({ lastExit }) => lastExit?.logs !== undefined);

    await node.aim(wanted, 'stop');
    const stopped = await node.until(wanted, ({ state }) => state === 'stopped');
    expect(stopped.container).toBeUndefined();
    expect(await engine.inspect(running.container as string)).toBeUndefined();
    expect(await engine.listNetworks({ labels: { [LABEL.cluster]: node.clusterId } })).toEqual([]);

    await node.drop(wanted);
    await eventually(async () => (await node.status(wanted)) === undefined);
  }, 60_000);

  test('what cannot be run is refused in one readable sentence', async () => {
    const wanted = task({ service: 'bad' });
    await node.deploy(aSpec({ bad: aService({ image: BUSYBOX_IMAGE, command: ['/no/such/program'] }) }), {
      app: wanted.app,
    });
    await node.schedule(wanted);
    const { error } = await node.until(wanted, ({ state }) => state === 'rejected');
    expect(error).toContain('/no/such/program');
    expect(error).not.toContain('\n');
    await node.drop(wanted);
    await eventually(async () => (await node.status(wanted)) === undefined);
  }, 60_000);
});
