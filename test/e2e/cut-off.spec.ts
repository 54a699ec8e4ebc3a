// What tasks do when their host's plug is pulled, and when their engine dies: several real hosts.
import { jest } from '@jest/globals';
import { FENCE_MARGIN_MS, type IncidentElement, type TaskElement } from '@tutti/model';
import { eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { observeHosts } from '../harness/hosts.js';
import { joinHosts, type Member } from '../harness/members.js';
import { startLab, type Lab } from '../lab/index.js';

jest.setTimeout(180_000);

const PATIENCE = { timeoutMs: 60_000 };
const GRACE_MS = 1000;
const FILE = compose({
  web: sleeper(4),
  lock: sleeper(2, { 'x-tutti': { 'on-partition': 'stop' }, stop_grace_period: '1s' }),
});

interface Running {
  host: string;
  id: string;
  labels: Record<string, string>;
}

let lab: Lab;
let cluster: Cluster;
let members: Member[] = [];
let hosts: Awaited<ReturnType<typeof observeHosts>>;

const tasks = async (): Promise<TaskElement[]> => (await cluster.list('ps', 'shop')) as TaskElement[];
const incidents = async (): Promise<IncidentElement[]> => (await cluster.list('incidents')) as IncidentElement[];
const running = (): Promise<Running[]> =>
  hosts.running(({ labels }: Pick<Running, 'labels'>) => labels['dev.tutti.app'] === 'shop');
const slotOf = ({ labels }: Running): string => `${labels['dev.tutti.service']}.${labels['dev.tutti.slot']}`;
const slots = async (): Promise<string[]> => (await running()).map(slotOf).sort();
const ALL = ['lock.1', 'lock.2', 'web.1', 'web.2', 'web.3', 'web.4'];
const isAll = async (): Promise<boolean> => JSON.stringify(await slots()) === JSON.stringify(ALL);

beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
  cluster = await startCluster({ listen: lab.gateway, isNode: false });
  members = await joinHosts(cluster, lab.hosts);
  hosts = await observeHosts(lab.hosts);
  const { code, stderr } = await cluster.run(['deploy', '-f', '-', 'shop'], { input: FILE });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}, 180_000);

afterAll(async () => {
  hosts?.close();
  await Promise.all(members.map((member) => member.stop()));
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

test('a host that is cut off stops what is fenced before another starts, and lets the rest run', async () => {
  const before = await running();
  expect(before.map(slotOf).sort()).toEqual(ALL);
  const lock = before.find((one) => slotOf(one) === 'lock.1')!;
  const [victim, others] = [lab.host(lock.host), before.filter(({ host }) => host !== lock.host)];
  const webs = before.filter((one) => one.host === victim.name && slotOf(one).startsWith('web'));
  await victim.cut();
  const succeeded = await eventually(
    async () => (await running()).find((one) => slotOf(one) === 'lock.1' && one.host !== victim.name),
    PATIENCE,
  );
  const ended = await victim.docker.getContainer(lock.id).inspect();
  const next = await lab.host(succeeded.host).docker.getContainer(succeeded.id).inspect();
  const apartMs = Date.parse(next.State.StartedAt) - Date.parse(ended.State.FinishedAt);
  expect(ended.State.Running).toBe(false);
  // The scheduler waits for grace and margin from its verdict; the agent was done long before.
  expect(apartMs).toBeGreaterThan(0);
  expect(apartMs).toBeLessThan(GRACE_MS + FENCE_MARGIN_MS + 10_000);
  const there = (await running()).filter(({ host }) => host === victim.name).map(({ id }) => id);
  expect(there.sort()).toEqual(webs.map(({ id }) => id).sort());

  await victim.mend();
  const mendedAt = performance.now();
  await eventually(isAll, { ...PATIENCE, describe: slots });
  expect(performance.now() - mendedAt).toBeLessThan(5000);
  const after = new Set((await running()).map(({ id }) => id));
  expect(others.filter(({ id }) => !after.has(id))).toEqual([]);
  // What was given up is reported, so that it can be forgotten.
  await eventually(async () => (await tasks()).length === ALL.length, { ...PATIENCE, describe: tasks });
});

test('an agent that was stopped for too long stops what is fenced before it renews', async () => {
  const before = await running();
  const lock = before.find((one) => slotOf(one) === 'lock.2')!;
  const { pid } = members[lab.hosts.findIndex(({ name }) => name === lock.host)]!;
  process.kill(pid, 'SIGSTOP');
  const down = async (): Promise<boolean> =>
    ((await cluster.list('nodes')) as { node: string; state: string }[]).some(
      ({ node, state }) => node === lock.host && state === 'down',
    );
  await eventually(down, PATIENCE);
  process.kill(pid, 'SIGCONT');
  const container = lab.host(lock.host).docker.getContainer(lock.id);
  // Stopped, whatever became of it then: started again in place, or removed because another was started.
  await eventually(async () => {
    const seen = await container.inspect().catch(() => undefined);
    return !seen || !seen.State.Running || Date.parse(seen.State.FinishedAt) > 0;
  }, PATIENCE);
  await eventually(isAll, { ...PATIENCE, describe: slots });
});

test('an engine that dies and comes back has its tasks again within seconds, each failure with its incident', async () => {
  await eventually(isAll, PATIENCE);
  const before = await running();
  const host = lab.hosts.find(({ name }) => before.some((one) => one.host === name))!;
  const there = before.filter((one) => one.host === host.name);
  const known = new Set((await incidents()).map(({ incident }) => incident));
  const elsewhere = before.filter((one) => one.host !== host.name).map(({ id }) => id);
  await host.killEngine();
  await host.startEngine();
  const backAt = performance.now();
  await eventually(isAll, { ...PATIENCE, describe: slots });
  expect(performance.now() - backAt).toBeLessThan(15_000);
  const after = await running();
  expect(elsewhere.filter((id) => !after.some((one) => one.id === id))).toEqual([]);
  const told = async (): Promise<boolean> => {
    const fresh = (await incidents()).filter(({ incident }) => !known.has(incident));
    // One that outlived its engine did not fail.
    const restarted = (await tasks()).filter(({ node, restarts }) => node === host.name && restarts > 0);
    return restarted.every(({ task }) => fresh.some((one) => one.task === task && one.resolvedAt !== undefined));
  };
  await eventually(told, { ...PATIENCE, describe: incidents });
  expect(there.length).toBeGreaterThan(0);
});
