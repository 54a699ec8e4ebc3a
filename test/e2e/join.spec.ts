// Hosts that join a control plane, on the real command: what they are told, what they are refused, what they may do.
import { jest } from '@jest/globals';
import { connectBus, subjects } from '@tutti/bus';
import type { NodeElement } from '@tutti/model';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHost, joinToken, Member } from '../harness/members.js';
import { startLab, type Lab } from '../lab/index.js';

jest.setTimeout(90_000);

let lab: Lab;
let cluster: Cluster;
let token: string;
const members: Member[] = [];

beforeAll(async () => {
  lab = await startLab({ hosts: 2 });
  cluster = await startCluster({ listen: lab.gateway, isNode: false });
  token = await joinToken(cluster);
});

afterAll(async () => {
  await Promise.all(members.map((member) => member.stop()));
  await cluster?.stop();
  await lab?.stop();
});

const nodes = (): Promise<NodeElement[]> => cluster.list('nodes') as Promise<NodeElement[]>;
const elsewhere = (): string => join(cluster.dir, 'elsewhere');

test('a control plane without a node of its own says so, and where others join', async () => {
  expect(await nodes()).toEqual([]);
  expect(cluster.output).toContain(`other hosts join at ${cluster.context.endpoint}`);
  const { stderr } = await cluster.run(['token']);
  expect(stderr).toContain(`tutti join ${new URL(cluster.context.endpoint).host} --token ${token}`);
});

test('one command makes a host a node, labels and all', async () => {
  members.push(await joinHost({ cluster, host: lab.host('h1'), token }, '--label', 'zone=a'));
  members.push(await joinHost({ cluster, host: lab.host('h2'), token }, '--label', 'zone=b'));
  const joined = await nodes();
  expect(joined.map(({ node, state, labels }) => [node, state, labels.zone])).toEqual([
    ['h1', 'ready', 'a'],
    ['h2', 'ready', 'b'],
  ]);
});

test('a name that is taken, a wrong token and one that has expired are refused in one sentence', async () => {
  const address = new URL(cluster.context.endpoint).host;
  const tryJoin = (name: string, shown: string): ReturnType<Cluster['run']> =>
    cluster.run(['join', address, '--token', shown, '--name', name, '--data', elsewhere()]);
  expect(await tryJoin('h1', token)).toMatchObject({
    code: 1,
    stderr: 'tutti: there is a node h1 already: choose another name with --name\n',
  });
  expect(await tryJoin('h3', 'guessed')).toMatchObject({
    code: 1,
    stderr: 'tutti: this is not a join token of this cluster: `tutti token` there prints one\n',
  });
  const brief = (await cluster.run(['token', '--ttl', '1s'])).stdout.trim();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await tryJoin('h3', brief)).stderr).toMatch(
    /^tutti: the join token has expired at .*: `tutti token` prints a/,
  );
});

test('an address where nobody answers is said with what to look at', async () => {
  const words = ['join', `${lab.gateway}:1`, '--token', token, '--name', 'h3', '--data', elsewhere()];
  expect(await cluster.run(words)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no control plane answers at http:.*does it listen for other hosts/),
  });
});

test('its secret stays on the host, and lets it write of its own node only', async () => {
  const path = join(cluster.dir, 'h1/agents/h1/node.creds');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const seed = /^SU\w+$/m.exec(readFileSync(path, 'utf8'))?.[0] ?? 'none';
  expect(readFileSync(join(cluster.data, 'credentials/join.json'), 'utf8')).not.toContain(seed);
  const { servers } = cluster.bus();
  const bus = await connectBus({ servers, name: 'provisioner', node: 'h1', credentials: path });
  const write = (subject: string): Promise<unknown> => bus.nc.request(subject, '1500', { timeout: 1000 });
  await expect(write(subjects.lease('node', 'h1'))).resolves.toBeDefined();
  await expect(write(subjects.lease('node', 'h2'))).rejects.toThrow();
  await bus.nc.close();
});

test('an agent that starts again needs neither token nor gateway', async () => {
  await members.pop()?.stop();
  const again = await joinHost({ cluster, host: lab.host('h2'), token: 'not needed any more' });
  members.push(again);
  expect(again.output).toMatch(/^ready h2: docker /m);
});

test('one agent drives several engines, each a node', async () => {
  const [h1, h2] = members.splice(0);
  await Promise.all([h1?.stop(), h2?.stop()]);
  const both = new Member({ cluster, host: lab.host('h1') }, [
    ...['join', new URL(cluster.context.endpoint).host, '--token', token, '--name', 'pair', '--lease', '1500ms'],
    ...['--docker-host', lab.host('h1').dockerHost, '--docker-host', lab.host('h2').dockerHost],
    ...['--data', join(cluster.dir, 'pair')],
  ]);
  members.push(both);
  await both.start();
  const named = (await nodes()).filter(({ node }) => node.startsWith('pair'));
  expect(named.map(({ node, state }) => [node, state])).toEqual([
    ['pair-1', 'ready'],
    ['pair-2', 'ready'],
  ]);
});
