// Networks through a tunnel, and what is done to a host's firewall and engine behind the agent's back.
import { jest } from '@jest/globals';
import { eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHost, joinToken } from '../harness/members.js';
import { REACHED, reachBothWays, web } from '../harness/reach.js';
import { startLab, type Host, type Lab } from '../lab/index.js';

jest.setTimeout(120_000);

const PATIENCE = { timeoutMs: 40_000 };
let lab: Lab;
let cluster: Cluster;
let token: string;

const join = (host: Host, overlay: string): Promise<unknown> =>
  joinHost({ cluster, host, token, env: { TUTTI_OVERLAY: overlay } });

beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
  cluster = await startCluster({ listen: lab.gateway, isNode: false });
  token = await joinToken(cluster);
  await Promise.all([lab.host('h1'), lab.host('h2')].map((host) => join(host, 'vxlan')));
  expect((await cluster.run(['deploy', '-f', '-', 'shop'], { input: REACHED })).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

const bothWays = (): Promise<boolean> => reachBothWays(lab.host('h1'), lab.host('h2'));

test('containers, and the hosts’ own proxies, reach containers through the tunnel', async () => {
  const [h1, h2] = [lab.host('h1'), lab.host('h2')];
  await eventually(bothWays, PATIENCE);
  expect(await h1.exec('ip', 'route', 'show', 'proto', '84')).toMatch(
    /^10\.\d+\.\d+\.0\/20 via \S+ dev tutti-[0-9a-f]{6} onlink/,
  );
  const { id, address } = await web(h2);
  expect((await h1.exec('busybox', 'wget', '-qO', '-', `http://${address}:8080/`)).trim()).toBe(id.slice(0, 12));
});

test('names are answered on a host that lets nothing else in', async () => {
  const h1 = lab.host('h1');
  const { id } = await web(h1);
  await h1.exec('iptables', '-A', 'INPUT', '-i', 'br-+', '-j', 'DROP');
  const lookUp = ['timeout', '5', 'nslookup', '-type=a', 'tasks.web'];
  const answer = await h1.exec('docker', '-H', h1.dockerHost, 'exec', id, ...lookUp);
  expect(answer.match(/^Address: 10\./gm)).toHaveLength(2);
  await h1.exec('iptables', '-D', 'INPUT', '-i', 'br-+', '-j', 'DROP');
});

test('what somebody takes out of the firewall or the routes is put back', async () => {
  const { exec } = lab.host('h1');
  await exec('iptables', '-F', 'DOCKER-USER');
  await exec('iptables', '-t', 'nat', '-F', 'POSTROUTING');
  const [route = ''] = (await exec('ip', 'route', 'show', 'proto', '84')).split(' ');
  await exec('ip', 'route', 'del', route);
  const isBack = async (): Promise<boolean> =>
    (await exec('ip', 'route', 'show', 'proto', '84')).includes(route) &&
    (await exec('iptables', '-S', 'DOCKER-USER')).includes('-j TUTTI-') &&
    (await exec('iptables', '-t', 'nat', '-S', 'POSTROUTING')).includes('-j TUTTI-');
  await eventually(isBack, PATIENCE);
  await eventually(bothWays, PATIENCE);
});

test('networks come back with an engine that was killed', async () => {
  const h1 = lab.host('h1');
  await h1.killEngine();
  await h1.startEngine();
  await eventually(() => bothWays().catch(() => false), PATIENCE);
  const [first] = (await h1.exec('iptables', '-t', 'nat', '-S', 'POSTROUTING'))
    .split('\n')
    .filter((line: string) => line.startsWith('-A'));
  expect(first).toMatch(/-j TUTTI-[0-9a-f]{8}-NAT$/);
});

test('an overlay that is none is refused with what to do', async () => {
  await expect(join(lab.host('h3'), 'carrier-pigeon')).rejects.toThrow('write one of routed, vxlan, wireguard, none');
});
