// The control plane in parts, as docker-compose.yml has it, and the tour of README on it.
import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { connectBus, freePort, STREAM, subjects, type Connection } from '@tutti/bus';
import { until } from '../harness/applications.js';
import { execute } from '../harness/cluster.js';
import { containersWith, docker, killContainer } from '../harness/docker.js';
import { addressesOf, ask, doorFile, HOST, knock } from '../harness/door.js';
import { hasCompose, startStack } from '../harness/stack.js';

jest.setTimeout(240_000);

const here = await hasCompose();
// Jest does not name what it skips as a whole file.
if (!here) console.warn('docker-compose.yml: skipped, no docker compose. Run scripts/setup testing, or install it.');

(here ? describe : describe.skip)('docker compose up', () => {
  let stack: Awaited<ReturnType<typeof startStack>>;
  let bus: Connection;

  beforeAll(async () => {
    const { code, stderr } = await execute([process.execPath, 'examples/shop/image'], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    stack = await startStack();
    bus = await connectBus({ ...(await stack.bus()), name: 'operator' });
  });

  afterAll(async () => {
    await bus?.nc.close();
    await stack?.stop();
    expect(await containersWith({ 'dev.tutti.node': stack.node })).toEqual([]);
    expect(await stack.parts()).toEqual([]);
  });

  const run = async (words: string[], { input = '', code: wanted = 0 } = {}): Promise<string> => {
    const { code, stdout, stderr } = await stack.run(words, { input });
    expect({ words, code, stderr: code === wanted ? '' : stderr }).toEqual({ words, code: wanted, stderr: '' });
    return stdout;
  };
  const list = async (...words: string[]) => JSON.parse(await run([...words, '--format', 'json']));
  // Ports that are free: others use this machine, too.
  const shop = readFileSync('examples/shop/compose.yaml', 'utf8').replace('8081-8086:3000', '3000');

  it('shows each part its own secrets, and lets none but the agent be root', async () => {
    const parts = await Promise.all((await stack.parts()).map(({ Id }) => docker.getContainer(Id).inspect()));
    const users = parts.map(({ Config }) => [Config.Labels['com.docker.compose.service'], Config.User]);
    expect(Object.fromEntries(users)).toEqual({
      ...Object.fromEntries(users.map(([name]) => [name, '10001:10001'])),
      provisioner: '0:10001',
      'data-plane': '0:10001',
    });
    const powers = parts.filter(({ HostConfig }) => HostConfig.CapAdd !== null);
    expect(powers.map(({ Config }) => Config.Labels['com.docker.compose.service'])).toEqual(['data-plane']);
    for (const { HostConfig } of parts) {
      expect(HostConfig).toMatchObject({ CapDrop: ['ALL'], ReadonlyRootfs: true, Privileged: false });
    }
    const seen = (service: string) => stack.composed(['exec', '-T', service, 'ls', '/run/tutti']);
    expect(await seen('policy')).toBe('user.creds\n');
    expect((await seen('gateway')).trim().split('\n')).toEqual(['context.json', 'join.json', 'token', 'user.creds']);
  });

  it('deploys the shop, from inside of the gateway’s container', async () => {
    const words = ['exec', '-T', 'gateway', 'tutti', 'deploy', '-f', '-', 'shop'];
    expect(await stack.composed(words, { input: shop })).toMatch(/shop deployed, revision 1/);
    const tasks = await list('ps');
    expect(tasks).toHaveLength(7);
    for (const task of tasks) expect(task).toMatchObject({ app: 'shop', state: 'running', node: stack.node });
    const { ports } = tasks.find(({ service }: { service: string }) => service === 'web');
    expect((await fetch(`http://127.0.0.1:${ports[0].host}/`)).status).toBe(200);
  });

  it('takes published ports and host names in on the host, and leads names to one address, as `up` does', async () => {
    const port = await freePort();
    await run(['deploy', '-f', '-', 'door'], { input: await doorFile(port) });
    const labels = { 'dev.tutti.node': stack.node, 'dev.tutti.app': 'door', 'dev.tutti.service': 'web' };
    const ids = (await containersWith(labels)).map(({ Id }) => Id.slice(0, 12)).sort();
    expect(ids).toHaveLength(2);
    const answers = async () => [...new Set(await Promise.all(Array.from({ length: 8 }, () => knock(port))))].sort();
    const areBoth = async () => String(await answers()) === String(ids);
    await until(areBoth, { what: 'both tasks at one port', everyMs: 250 });
    expect(ids).toContain(await knock(stack.settings.TUTTI_INGRESS_PORT, HOST));
    expect(await stack.composed(['exec', '-T', 'data-plane', 'ps', '-o', 'user,comm'])).toMatch(/^haproxy +haproxy/m);
    const isOne = async () => (await addressesOf(stack.node, 'web')).length === 1;
    await until(isOne, { what: 'one address of a service of two tasks', everyMs: 250 });
    expect(await addressesOf(stack.node, 'tasks.web')).toHaveLength(2);
    expect(ids).toContain(await ask(stack.node, 'wget', '-qO-', 'http://web:8080/'));
    // The agent may go and come, and no request is lost; the data plane itself is back in a moment.
    let isOver = false;
    const restarted = stack.composed(['restart', '--timeout', '5', 'provisioner']).finally(() => (isOver = true));
    while (!isOver) expect(ids).toContain(await knock(port));
    await restarted;
    await stack.composed(['restart', '--timeout', '5', 'data-plane']);
    await until(() => knock(port), { timeoutMs: 10_000, what: 'an answer', everyMs: 100 });
    await run(['rm', 'door']);
  });

  it('starts a killed container again, and says why it had died', async () => {
    const [worker] = await containersWith({ 'dev.tutti.node': stack.node, 'dev.tutti.service': 'worker' });
    await killContainer(worker?.Id ?? '');
    const resolved = async () =>
      (await list('incidents', 'shop')).find(({ resolvedAt }: { resolvedAt?: string }) => resolvedAt);
    const incident = await until(resolved, { timeoutMs: 20_000, what: 'a resolved incident', everyMs: 250 });
    expect(incident).toMatchObject({ service: 'worker', kind: 'task-exited', exitCode: 137, node: stack.node });
    expect(await run(['why', 'shop/worker'])).toMatch(/1 of 1 run/);
    expect(await run(['events', '--since', '5m'])).toMatch(/incident\.opened/);
  });

  it('scales, plans, restarts, adds up and tells how it is', async () => {
    await run(['scale', 'shop/api=3']);
    const plan = await run(['plan', '-f', '-', 'shop'], { input: shop, code: 1 });
    expect(plan).toMatch(/shop: 1 to remove/);
    await run(['restart', 'shop/worker']);
    const usages = await list('usage', '--by', 'app');
    const usage = usages.find(({ app }: { app: string }) => app === 'shop');
    expect(usage.containerSeconds).toBeGreaterThan(1);
    const isHealthy = async () => (await stack.run(['status'])).code === 0;
    await until(isHealthy, { timeoutMs: 20_000, what: 'a healthy status', everyMs: 250 });
  });

  it('runs a service several times: another leads when the leader is killed', async () => {
    const leader = async () => {
      const message = await bus.jsm.streams.getMessage(STREAM.leases, {
        last_by_subj: subjects.lease('service', 'scheduler.leader'),
      });
      return message?.string() ?? '';
    };
    await stack.up('--scale', 'scheduler=2', '--scale', 'monitor=2');
    expect(await stack.parts('scheduler')).toHaveLength(2);
    const before = await leader();
    expect(before).not.toBe('');
    // The first of them has led from the start.
    const first = (await stack.parts('scheduler')).find(({ Names }) => Names[0]?.endsWith('-1'));
    await docker.getContainer(first?.Id ?? '').kill();
    const another = async () => ![before, ''].includes(await leader());
    await until(another, { timeoutMs: 20_000, what: 'another leader' });
    await run(['scale', 'shop/api=2']);
  });

  it('leaves applications alone when it stops, and finds them again', async () => {
    const running = async () =>
      (await containersWith({ 'dev.tutti.node': stack.node }, { all: false })).map(({ Id }) => Id).sort();
    const before = await running();
    await stack.composed(['down', '--timeout', '10']);
    expect(await running()).toEqual(before);
    await stack.up();
    await stack.meet();
    const isHealthy = async () => (await stack.run(['status'])).code === 0;
    await until(isHealthy, { timeoutMs: 30_000, what: 'a healthy status', everyMs: 250 });
    expect(await running()).toEqual(before);
    await run(['rm', 'shop']);
    expect(await running()).toEqual([]);
  });
});
