// What a person can ask of a node, on several real hosts.
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import type { BegunMove, IncidentElement, Move, NodeAnswer, NodeElement, TaskElement } from '@tutti/model';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHost, joinToken, type Member } from '../harness/members.js';
import { startLab, type Host, type Lab } from '../lab/index.js';

jest.setTimeout(120_000);

const LOOP = 'trap "exit 0" TERM; while :; do sleep 1 & wait; done';
const PATIENCE = { timeoutMs: 60_000 };

let lab: Lab;
let cluster: Cluster;
let token: string;
const members = new Map<string, Member>();

async function join(host: Host): Promise<void> {
  members.set(host.name, await joinHost({ cluster, host, token }));
}

const nodes = async (): Promise<NodeElement[]> => (await cluster.list('nodes')) as NodeElement[];
const stateOf = async (name: string): Promise<string | undefined> =>
  (await nodes()).find(({ node }) => node === name)?.state;
const tasks = async (app: string): Promise<TaskElement[]> => (await cluster.list('ps', app)) as TaskElement[];
const running = async (app: string): Promise<TaskElement[]> =>
  (await tasks(app)).filter(({ state, desired }) => state === 'running' && desired === 'run');
const tutti = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => cluster.run(args);
const containersOn = async (host: Host): Promise<number> =>
  (await host.docker.listContainers({ filters: { label: ['dev.tutti.task'] } })).length;

const records = async (kind: string): Promise<{ node?: string }[]> =>
  (await cluster.http('GET', `/v1/records/${kind}`)).json as { node?: string }[];
const openIncidents = async (): Promise<IncidentElement[]> =>
  ((await cluster.list('incidents')) as IncidentElement[]).filter(({ resolvedAt }) => !resolvedAt);

async function deploy(app: string, file: string): Promise<void> {
  const { code, stderr } = await cluster.run(['deploy', '-f', '-', app], { input: file });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

const webFile = (replicas: number): string => `
services:
  web:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", ${JSON.stringify(LOOP)}]
    stop_grace_period: 2s
    healthcheck: { test: ["CMD", "true"], interval: 300ms, start_period: 1s, start_interval: 300ms }
    deploy: { replicas: ${replicas} }
`;

/** What runs on the node of its data, and what depends on it. */
const STORE = `
services:
  db:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", ${JSON.stringify(LOOP)}]
    stop_grace_period: 2s
    volumes: ["data:/data"]
  api:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", ${JSON.stringify(LOOP)}]
    stop_grace_period: 2s
    depends_on: [db]
volumes: { data: {} }
`;

beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
  cluster = await startCluster({ listen: lab.gateway });
  token = await joinToken(cluster);
  await Promise.all(lab.hosts.map((host) => join(host)));
  // The machine of the control plane only watches.
  expect((await tutti('cordon', cluster.node, '--reason', 'control plane')).code).toBe(0);
}, 180_000);

afterAll(async () => {
  await Promise.all([...members.values()].map((member) => member.stop()));
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

test('a cordoned node takes no task, and says why', async () => {
  await deploy('shop', webFile(6));
  const on = new Set((await running('shop')).map(({ node }) => node));
  expect(on).toEqual(new Set(['h1', 'h2', 'h3']));
  const own = (await nodes()).find(({ node }) => node === cluster.node);
  expect(own).toMatchObject({ state: 'cordoned', reason: 'cordoned: control plane', tasks: 0 });
});

test('draining makes before it breaks: never fewer healthy tasks than asked for', async () => {
  let least = Infinity;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const healthy = await Promise.all(lab.hosts.map((host) => healthyOn(host)));
      least = Math.min(
        least,
        healthy.reduce((sum, count) => sum + count, 0),
      );
    }
  })();
  const { code, stdout, stderr } = await tutti('drain', 'h2', '--reason', 'new disk');
  watching = false;
  await watch;
  expect([code, stdout.trim(), stderr]).toEqual([0, 'h2 drained', expect.stringContaining('left on h2')]);
  expect(least).toBeGreaterThanOrEqual(6);
  expect(await containersOn(lab.host('h2'))).toBe(0);
  expect(await running('shop')).toHaveLength(6);
  expect(await stateOf('h2')).toBe('draining');
  expect((await tutti('nodes')).stdout).toMatch(/h2 +drained .*drained: new disk/);
  expect((await tutti('why', 'h2')).stdout).toMatch(/h2 is draining since .*\n +because: drained: new disk/);
});

async function healthyOn(host: Host): Promise<number> {
  const found = await host.docker.listContainers({ filters: { label: ['dev.tutti.app=shop'], health: ['healthy'] } });
  return found.length;
}

test('an uncordoned node takes tasks again, and nothing moves back by itself', async () => {
  const before = (await running('shop')).map(({ task }) => task).sort();
  expect((await tutti('uncordon', 'h2')).stdout.trim()).toBe('h2 uncordoned');
  expect(await stateOf('h2')).toBe('ready');
  expect((await running('shop')).map(({ task }) => task).sort()).toEqual(before);
  expect((await tutti('scale', 'shop/web=8')).code).toBe(0);
  expect((await running('shop')).filter(({ node }) => node === 'h2')).toHaveLength(2);
});

test('what cannot be done to a node is refused with what to do instead', async () => {
  const unknown = await tutti('drain', 'h9');
  expect([unknown.code, unknown.stderr]).toEqual([
    1,
    expect.stringMatching(/there is no node h9: there are h1, h2, h3/),
  ]);
  const up = await tutti('node', 'rm', 'h1');
  expect([up.code, up.stderr]).toEqual([1, expect.stringMatching(/h1 is up: drain it first, tutti drain h1/)]);
  const lost = await tutti('node', 'lose', 'h1');
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringMatching(/h1 renews its lease, so it is not lost/)]);
});

test('a removed node is gone, and one that comes back waits to be trusted', async () => {
  expect((await tutti('drain', 'h3')).code).toBe(0);
  await members.get('h3')?.stop();
  await eventually(async () => (await stateOf('h3')) === 'down', PATIENCE);
  expect((await tutti('node', 'rm', 'h3')).stdout.trim()).toBe('h3 removed');
  expect(await stateOf('h3')).toBeUndefined();
  expect((await tutti('uncordon', 'h3')).stderr).toContain('there is no node h3');
  // What the scheduler has written of it goes, and with it the incident that it was down.
  for (const kind of ['liveness', 'ledger']) {
    await eventually(async () => !(await records(kind)).some(({ node }) => node === 'h3'), PATIENCE);
  }
  await eventually(async () => (await openIncidents()).every(({ node }) => node !== 'h3'), PATIENCE);
  await join(lab.host('h3'));
  await eventually(async () => (await stateOf('h3')) === 'cordoned', PATIENCE);
  expect((await tutti('uncordon', 'h3')).code).toBe(0);
  await eventually(async () => (await stateOf('h3')) === 'ready', PATIENCE);
});

test('over HTTP a command has an id that makes it safe to repeat', async () => {
  const send = (): Promise<{ status: number; json: object }> =>
    cluster.http('POST', '/v1/nodes/h1/cordon?wait=true', { headers: { 'idempotency-key': 'cordon-1' } });
  const [first, second] = [await send(), await send()];
  expect(first).toMatchObject({ status: 200, json: { status: 'accepted', node: 'h1', changed: true } });
  expect(second.json).toEqual(first.json);
  const { json } = await cluster.http('GET', '/v1/nodes/h1');
  expect(json as NodeAnswer).toMatchObject({ node: 'h1', state: 'cordoned', running: expect.any(Array), waiting: [] });
  expect((await tutti('uncordon', 'h1')).code).toBe(0);
});

test('a drain waits for what depends on data, and data waits for its node', async () => {
  await deploy('store', STORE);
  const at = async (service: string): Promise<string | null | undefined> =>
    (await running('store')).find((task) => task.service === service)?.node;
  const home = await at('db');
  if (!home) throw new Error('db runs nowhere');
  const drained = await tutti('drain', home);
  expect([drained.code, drained.stderr]).toEqual([
    0,
    expect.stringMatching(/store\/db\.1 waits: .*its volume is there/),
  ]);
  expect(await at('api')).not.toBe(home);
  expect(await at('db')).toBeUndefined();
  expect((await tutti('why', home)).stdout).toMatch(/store\/db\.1 has been waiting since .*its volume is there/);
  expect((await tutti('uncordon', home)).code).toBe(0);
  await eventually(async () => (await at('db')) === home, PATIENCE);
});

test('after a node has joined tasks are moved to it, bounded and without a break, and then no more', async () => {
  expect((await tutti('drain', 'h1')).code).toBe(0);
  expect((await tutti('uncordon', 'h1')).code).toBe(0);
  const proposed = (await cluster.list('rebalance', '--dry-run')) as Move[];
  expect(proposed.length).toBeGreaterThanOrEqual(2);
  expect(proposed.every(({ to, why }) => to === 'h1' && why !== '')).toBe(true);
  expect((await running('shop')).filter(({ node }) => node === 'h1')).toHaveLength(0);
  const first = (await cluster.list('rebalance', '--most', '1')) as BegunMove[];
  expect(first).toMatchObject([{ to: 'h1', state: 'moved' }]);
  const rest = await tutti('rebalance');
  expect([rest.code, rest.stdout, rest.stderr]).toEqual([0, expect.stringMatching(/moved/), expect.anything()]);
  const spread = lab.hosts.map(({ name }) => name);
  const counts = await Promise.all(
    spread.map(async (name) => (await running('shop')).filter(({ node }) => node === name).length),
  );
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(await cluster.list('rebalance', '--dry-run')).toEqual([]);
});

test('on wish a node that joins is filled by itself', async () => {
  expect((await tutti('rebalance', '--automatic', 'on')).stdout.trim()).toBe('automatic rebalancing is on');
  expect((await tutti('drain', 'h3')).code).toBe(0);
  expect((await tutti('uncordon', 'h3')).code).toBe(0);
  await eventually(async () => (await running('shop')).filter(({ node }) => node === 'h3').length >= 2, PATIENCE);
  expect((await tutti('rebalance', '--automatic', 'off')).code).toBe(0);
});

test('while a brake holds, a node that is known to be lost is given up alone; back again, it waits to be trusted', async () => {
  expect((await tutti('uncordon', cluster.node)).code).toBe(0);
  const before = await running('shop');
  await Promise.all(lab.hosts.map((host) => host.cut()));
  await eventually(async () => (await nodes()).filter(({ state }) => state === 'missing').length === 3, PATIENCE);
  expect((await tutti('node', 'rm', 'h1')).stderr).toContain('say first that it is lost, tutti node lose h1');
  const lost = await tutti('node', 'lose', 'h1', '--reason', 'burnt');
  expect([lost.code, lost.stdout.trim()]).toEqual([0, 'h1 given up as lost']);
  const ofLost = before.filter(({ node }) => node === 'h1').map(({ slot }) => slot);
  await eventually(async () => {
    const moved = (await running('shop')).filter(({ node }) => node === cluster.node).map(({ slot }) => slot);
    return ofLost.length > 0 && ofLost.every((slot) => moved.includes(slot));
  }, PATIENCE);
  expect((await nodes()).find(({ node }) => node === 'h1')?.reason).toContain('given up as lost: burnt');
  expect(await stateOf('h2')).toBe('missing');
  await Promise.all(lab.hosts.map((host) => host.mend()));
  await eventually(async () => (await stateOf('h2')) === 'ready', PATIENCE);
  await eventually(async () => (await stateOf('h1')) === 'cordoned', PATIENCE);
  await eventually(async () => (await running('shop')).every(({ node }) => node !== 'h1'), PATIENCE);
  expect((await tutti('uncordon', 'h1')).code).toBe(0);
});
