import { DockerEngine } from '@tutti/engine';
import { BUSYBOX_IMAGE, ensureBusyboxImage, startTestBus, type TestBus } from '@tutti/testing';
import { LABEL } from './core/labels.js';
import { aService, aSpec } from './testing/builders.js';
import { NodeFixture } from './testing/node-fixture.js';

const SLEEPER = aService({ image: BUSYBOX_IMAGE, command: ['sleep', '600'], runtime: { init: true } });

describe('a node with a real Docker Engine', () => {
  let bus: TestBus;
  let engine: DockerEngine;
  let node: NodeFixture;

  beforeAll(async () => {
    await ensureBusyboxImage();
    bus = await startTestBus({ secured: true });
    engine = await DockerEngine.connect();
    node = await NodeFixture.start(bus, {});
  }, 60_000);

  afterAll(async () => {
    await node?.close();
    for (const { id } of await engine.list({ labels: { [LABEL.cluster]: node.options.clusterId } })) {
      await engine.remove(id, { force: true });
    }
    for (const { name } of await engine.listNetworks({ labels: { [LABEL.cluster]: node.options.clusterId } })) {
      await engine.removeNetwork(name);
    }
    await engine?.close();
    await bus?.stop();
  }, 60_000);

  test('a task becomes a container, heals when it is killed, and leaves nothing behind', async () => {
    const wanted = node.task();
    const running = await node.run(aSpec({ web: SLEEPER }), wanted);
    expect(running).toMatchObject({
      restarts: 0,
      image: BUSYBOX_IMAGE,
      addresses: { default: expect.stringMatching(/^\d/) },
    });

    await engine.kill(running.container);
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
    expect(await engine.inspect(running.container)).toBeUndefined();
    expect(await engine.listNetworks({ labels: { [LABEL.cluster]: node.options.clusterId } })).toEqual([]);

    await node.drop(wanted);
  }, 60_000);

  test('what cannot be run is refused in one readable sentence', async () => {
    const wanted = node.task({ service: 'bad' });
    await node.deploy(aSpec({ bad: aService({ image: BUSYBOX_IMAGE, command: ['/no/such/program'] }) }), wanted);
    await node.schedule(wanted);
    const { error } = await node.until(wanted, ({ state }) => state === 'rejected');
    expect(error).toContain('/no/such/program');
    expect(error).not.toContain('\n');
    await node.drop(wanted);
  }, 60_000);
});
