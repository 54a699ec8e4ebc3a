import { DockerEngine } from '@tutti/engine';
import { BUSYBOX_IMAGE, ensureBusyboxImage, startTestBus, type TestBus } from '@tutti/testing';
import type { ServiceSpec } from '@tutti/model';
import Docker from 'dockerode';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LABEL } from './core/labels.js';
import { aService, aSpec } from './testing/builders.js';
import { NodeFixture } from './testing/node-fixture.js';
import { READER, registryProgram, TestRegistry } from './testing/registry-fixture.js';

const here = registryProgram() !== undefined;
// Jest does not name what it skips as a whole file.
if (!here)
  console.warn('a node and a registry: skipped, no docker-registry on PATH. Run scripts/setup testing, or install it.');

(here ? describe : describe.skip)('a node and a registry', () => {
  const docker = new Docker();
  let bus: TestBus;
  let engine: DockerEngine;
  let registry: TestRegistry;
  let closed: TestRegistry;
  let folder: string;
  let node: NodeFixture;

  beforeAll(async () => {
    await ensureBusyboxImage();
    folder = await mkdtemp(join(tmpdir(), 'tutti-login-'));
    [registry, closed, bus, engine] = await Promise.all([
      TestRegistry.start(),
      TestRegistry.start({ closed: true }),
      startTestBus({ secured: true }),
      DockerEngine.connect(),
    ]);
    node = await NodeFixture.start(bus, {}, { dockerConfig: folder });
  }, 60_000);

  afterAll(async () => {
    await node?.close();
    const labels = { [LABEL.cluster]: node.options.clusterId };
    for (const { id } of await engine.list({ labels })) await engine.remove(id, { force: true });
    for (const { name } of await engine.listNetworks({ labels })) await engine.removeNetwork(name);
    await engine.close();
    await Promise.all([registry.stop(), closed.stop(), bus.stop(), rm(folder, { recursive: true })]);
  }, 60_000);

  const specOf = (image: string, over: Partial<ServiceSpec> = {}) =>
    aSpec({ web: aService({ image, command: ['sleep', '600'], runtime: { init: true }, ...over }) });
  const run = (image: string, over?: Partial<ServiceSpec>, task = node.task()) => node.run(specOf(image, over), task);
  const imageOf = async (container: string): Promise<string> =>
    (await docker.getContainer(container).inspect()).Config.Image;
  const refused = async (image: string, over?: Partial<ServiceSpec>): Promise<string> => {
    const task = node.task();
    await node.deploy(specOf(image, over), task);
    await node.schedule(task);
    const { error = '' } = await node.until(task, ({ state }) => state === 'rejected');
    expect(error).not.toContain('\n');
    return error;
  };

  test('a task runs what only the registry has, by its digest', async () => {
    const digest = await registry.push('shop/web:1');
    const image = `${registry.host}/shop/web:1`;
    const running = await run(image);
    expect(running).toMatchObject({ image, digest });
    expect(await imageOf(running.container)).toBe(`${registry.host}/shop/web@${digest}`);
    // The next one finds it here, and says so, too.
    await registry.pause();
    const next = await run(image);
    await registry.resume();
    expect(next.digest).toBe(digest);
    expect(await imageOf(next.container)).toBe(`${registry.host}/shop/web@${digest}`);
  }, 60_000);

  test('a tag that moves changes nothing that runs; who asks always gets the new one', async () => {
    const image = `${registry.host}/shop/moving:1`;
    const [first, task] = [await registry.push('shop/moving:1'), node.task()];
    const before = await run(image, {}, task);
    const second = await registry.push('shop/moving:1');
    expect(second).not.toBe(first);
    expect(await run(image, { pullPolicy: 'always' })).toMatchObject({ digest: second });

    await engine.kill(before.container);
    const healed = await node.until(task, ({ state, restarts }) => state === 'running' && restarts === 1);
    expect(healed).toMatchObject({ container: before.container, digest: first });
    await engine.remove(before.container, { force: true });
    const remade = await node.until(task, ({ state, restarts }) => state === 'running' && restarts === 2);
    expect(remade.digest).toBe(first);
    expect(await imageOf(remade.container ?? '')).toBe(`${registry.host}/shop/moving@${first}`);
  }, 60_000);

  test('a name that the registry does not have is refused in one sentence', async () => {
    const image = `${registry.host}/shop/nothing:7`;
    expect(await refused(image)).toBe(
      `cannot pull ${image}: its registry has no such image, check the name and the tag`,
    );
  }, 60_000);

  test('without the registry, what is here runs, unless the newest is asked for', async () => {
    const image = `${registry.host}/shop/local:1`;
    const [repo, tag] = [`${registry.host}/shop/local`, '1'];
    await docker.getImage(BUSYBOX_IMAGE).tag({ repo, tag });
    await registry.pause();
    try {
      const running = await run(image);
      expect(running.digest).toBeUndefined();
      expect(await imageOf(running.container)).toBe(image);
      const away = `the registry ${registry.host} does not answer, connection refused`;
      expect(await refused(image, { pullPolicy: 'always' })).toBe(
        `cannot pull ${image}: ${away}; the one on this node is not used, since pull_policy is always`,
      );
      expect(await refused(`${image}1`)).toBe(`cannot pull ${image}1: ${away}`);
    } finally {
      await registry.resume();
      await docker.getImage(image).remove({ force: true });
    }
  }, 60_000);

  test('a closed registry is shown the login of the Docker client', async () => {
    const digest = await closed.push('shop/secret:1');
    const image = `${closed.host}/shop/secret:1`;
    const config = join(folder, 'config.json');
    expect(await refused(image)).toContain('its registry wants credentials: run docker login');
    await writeFile(config, JSON.stringify({ credHelpers: { [closed.host]: 'pass' } }));
    expect(await refused(image)).toContain(`for ${closed.host} is kept by docker-credential-pass, which is not asked`);
    const auth = Buffer.from(`${READER.username}:${READER.password}`).toString('base64');
    await writeFile(config, JSON.stringify({ auths: { [closed.host]: { auth } } }));
    expect(await run(image)).toMatchObject({ digest });
  }, 60_000);
});
