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

  test('a task without a health check is ready once it takes the connections that will come', async () => {
    const published = {
      target: 80,
      published: { from: 8123, to: 8123 },
      protocol: 'tcp' as const,
      mode: 'ingress' as const,
    };
    const command = ['sh', '-c', 'sleep 1; mkdir /www; exec httpd -f -p 80 -h /www'];
    const service = aService({ image: BUSYBOX_IMAGE, command, ports: [published] });
    const ports = [{ target: 80, published: 8123, protocol: 'tcp' as const, mode: 'ingress' as const }];
    const wanted = node.task({ ports });
    await node.run(aSpec({ web: service }), wanted);
    const deaf = await node.until(wanted, ({ state, health }) => state === 'running' && health === 'starting');
    const ready = await node.until(wanted, ({ health }) => health === 'none');
    expect(ready.startedAt).toBe(deaf.startedAt);
    await engine.kill(ready.container ?? '');
    await node.until(wanted, ({ restarts, health }) => restarts === 1 && health === 'starting');
    await node.until(
      wanted,
      ({ restarts, health, state }) => restarts === 1 && state === 'running' && health === 'none',
    );
    await node.aim(wanted, 'stop');
    await node.until(wanted, ({ state }) => state === 'stopped');
    await node.drop(wanted);
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

  test('what is only prepared has its image brought, and no container', async () => {
    const wanted = node.task({ service: 'web', target: 'prepare' });
    await node.deploy(aSpec({ web: SLEEPER }), wanted);
    await node.schedule(wanted);
    expect(await node.until(wanted, ({ state }) => state === 'complete')).not.toHaveProperty('container');
    await node.drop(wanted);
    const missing = node.task({ service: 'gone', target: 'prepare' });
    await node.deploy(aSpec({ gone: aService({ image: 'tutti-test/no-such-image:1' }) }), missing);
    await node.schedule(missing);
    expect((await node.until(missing, ({ state }) => state === 'rejected')).error).toContain('no-such-image');
    await node.drop(missing);
  }, 60_000);

  test('a container that eats too much memory fails with the kernel’s verdict and its last words', async () => {
    const wanted = node.task({ service: 'greedy' });
    const command = ['sh', '-c', 'echo hungry; tail /dev/zero'];
    const limits = { cpuMillis: 0, memoryBytes: 16 * 1024 ** 2 };
    const greedy = aService({ image: BUSYBOX_IMAGE, command, limits, restart: { condition: 'none' } });
    await node.deploy(aSpec({ greedy }), wanted);
    await node.schedule(wanted);
    const failed = await node.until(
      wanted,
      ({ state, lastExit }) => state === 'failed' && lastExit?.logs !== undefined,
    );
    expect(failed).toMatchObject({
      error: expect.stringContaining('memory'),
      lastExit: { oom: true, logs: ['hungry'] },
    });
    await node.drop(wanted);
  }, 60_000);

  test('a new agent adopts what runs, with its published port', async () => {
    const wanted = node.task({ ports: [{ target: 80, protocol: 'tcp' }] });
    const before = await node.run(aSpec({ web: SLEEPER }), wanted);
    expect(before.ports).toEqual([{ host: expect.any(Number), container: 80, protocol: 'tcp' }]);
    const report = await node.reportNumber(wanted);
    await node.close();
    await node.startAgent();
    const other = node.task();
    await node.run(aSpec({ web: SLEEPER }), other);
    expect(await node.status(wanted)).toEqual(before);
    expect(await node.reportNumber(wanted)).toBe(report);
    await node.drop(wanted);
    await node.drop(other);
  }, 60_000);
});
