// Networks through a tunnel, and what is done to a host's firewall and engine behind the agent's back.
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHost, joinToken } from '../harness/members.js';
import { startLab, type Host, type Lab } from '../lab/index.js';

jest.setTimeout(120_000);

const PATIENCE = { timeoutMs: 40_000 };
const APP = `
services:
  web:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && echo $$HOSTNAME > /www/index.html && exec httpd -f -p 8080 -h /www"]
    stop_grace_period: 0s
    deploy: { mode: global }
`;

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
  expect((await cluster.run(['deploy', '-f', '-', 'shop'], { input: APP })).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

async function web(host: Host): Promise<{ id: string; address: string }> {
  const [found] = await host.docker.listContainers({ filters: { label: ['dev.tutti.app=shop'] } });
  const [network] = Object.values(found?.NetworkSettings.Networks ?? {});
  return { id: found?.Id ?? '', address: network?.IPAddress ?? '' };
}

/** What a container of one host gets from that of another, by its address. */
async function across(from: Host, to: Host): Promise<string> {
  const { id } = await web(from);
  const { address } = await web(to);
  const fetch = ['timeout', '3', 'wget', '-qO', '-', `http://${address}:8080/`];
  return from.exec('docker', '-H', from.dockerHost, 'exec', id, ...fetch).catch(() => '');
}

const reaches = async (from: Host, to: Host): Promise<boolean> =>
  (await across(from, to)).trim() === (await web(to)).id.slice(0, 12);

const reachBothWays = async (): Promise<boolean> => {
  const [h1, h2] = [lab.host('h1'), lab.host('h2')];
  return (await reaches(h1, h2)) && (await reaches(h2, h1));
};

test('containers, and the hosts’ own proxies, reach containers through the tunnel', async () => {
  const [h1, h2] = [lab.host('h1'), lab.host('h2')];
  await eventually(reachBothWays, PATIENCE);
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
  await eventually(reachBothWays, PATIENCE);
});

test('networks come back with an engine that was killed', async () => {
  const h1 = lab.host('h1');
  await h1.killEngine();
  await h1.startEngine();
  await eventually(() => reachBothWays().catch(() => false), PATIENCE);
  const [first] = (await h1.exec('iptables', '-t', 'nat', '-S', 'POSTROUTING'))
    .split('\n')
    .filter((line: string) => line.startsWith('-A'));
  expect(first).toMatch(/-j TUTTI-[0-9a-f]{8}-NAT$/);
});

test('an overlay that cannot be had is refused with what to do', async () => {
  await expect(join(lab.host('h3'), 'wireguard')).rejects.toThrow(/TUTTI_OVERLAY.*wireguard.*choose routed, or vxlan/);
  await expect(join(lab.host('h3'), 'carrier-pigeon')).rejects.toThrow('write one of routed, vxlan, wireguard, none');
});
