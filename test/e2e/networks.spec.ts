// Networks that span hosts: containers of an application reach one another by address and by name, and nobody else does.
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHosts } from '../harness/members.js';
import { startLab, type Host, type Lab } from '../lab/index.js';
import { run } from '../lab/shell.js';

jest.setTimeout(120_000);

const PATIENCE = { timeoutMs: 30_000 };

let lab: Lab;
let cluster: Cluster;

/** Serves the name of the service and of the container that it runs in; a probe says whether it does. */
const serving = (text: string, more = 'deploy: { mode: global }'): string => `
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && echo ${text} $$HOSTNAME > /www/index.html && exec httpd -f -p 8080 -h /www"]
    stop_grace_period: 0s
    healthcheck: { test: ["CMD", "wget", "-qO", "/dev/null", "http://127.0.0.1:8080/"], interval: 300ms, start_period: 2s, start_interval: 300ms }
    ${more}`;

const MEET = 'tutti-meeting';
const GLOBAL_ON_MEET = 'deploy: { mode: global }\n    networks: [there]';
const ONE = 'networks: { default: { aliases: [api] } }';

async function deploy(app: string, file: string): Promise<void> {
  const { code, stderr } = await cluster.run(['deploy', '-f', '-', app], { input: file });
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

interface Container {
  host: Host;
  id: string;
  /** Network to address. */
  addresses: Record<string, string>;
}

/** The container of a service on a host. */
async function container(host: Host, app: string, service: string): Promise<Container> {
  const label = [`dev.tutti.app=${app}`, `dev.tutti.service=${service}`];
  const [found] = await host.docker.listContainers({ filters: { label } });
  if (!found) throw new Error(`no container of ${app}/${service} on ${host.name}`);
  const networks = Object.entries(found.NetworkSettings.Networks);
  const addresses = Object.fromEntries(networks.map(([name, { IPAddress }]) => [name, IPAddress]));
  return { host, id: found.Id, addresses };
}

/** Runs a command in a container. @returns what it printed; undefined where it fails */
async function inside({ host, id }: Container, ...command: string[]): Promise<string | undefined> {
  const docker = host.exec('docker', '-H', host.dockerHost, 'exec', id, ...command);
  return docker.then(
    (text: string) => text.trim(),
    () => undefined,
  );
}

const fetched = (from: Container, where: string): Promise<string | undefined> =>
  inside(from, 'timeout', '3', 'wget', '-qO', '-', `http://${where}:8080/`);

/** The addresses that a name has there. */
async function resolved(from: Container, name: string): Promise<string[]> {
  const text = (await inside(from, 'timeout', '10', 'nslookup', '-type=a', name)) ?? '';
  return [...text.matchAll(/^Address: ([\d.]+)$/gm)].map(([, found]) => found ?? '');
}

const address = ({ addresses }: Container, network = ''): string =>
  Object.entries(addresses).find(([name]) => name.endsWith(network))?.[1] ?? '';

beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
  cluster = await startCluster({ listen: lab.gateway, isNode: false });
  await joinHosts(cluster, lab.hosts);
  await Promise.all([
    deploy('shop', `services:\n  web:${serving('shop')}\n  one:${serving('one', ONE)}\n`),
    deploy('other', `services:\n  web:${serving('other')}\n`),
  ]);
}, 180_000);

afterAll(async () => {
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

test('a container reaches those of its application on every other host by address', async () => {
  const all = await Promise.all(lab.hosts.map((host) => container(host, 'shop', 'web')));
  expect(new Set(all.map((each) => address(each))).size).toBe(3);
  for (const from of all) {
    for (const to of all) {
      await eventually(async () => (await fetched(from, address(to))) === `shop ${to.id.slice(0, 12)}`, PATIENCE);
    }
  }
});

test('a name leads to the healthy tasks of the service, on whichever host, and connects', async () => {
  for (const host of lab.hosts) {
    const from = await container(host, 'shop', 'web');
    await eventually(async () => (await fetched(from, 'one'))?.startsWith('one '), PATIENCE);
    expect(await fetched(from, 'api')).toMatch(/^one /);
    const all = await Promise.all(lab.hosts.map(async (each) => address(await container(each, 'shop', 'web'))));
    for (const name of ['tasks.web', 'TASKS.web.shop']) expect((await resolved(from, name)).sort()).toEqual(all.sort());
    expect(await resolved(from, 'nothing')).toEqual([]);
  }
});

test('applications with services of one name do not see each other, on one host or on two', async () => {
  for (const host of lab.hosts) {
    const from = await container(host, 'other', 'web');
    const describe = async (): Promise<unknown> => [
      host.name,
      from.addresses,
      await resolved(from, 'web'),
      await fetched(from, '127.0.0.1'),
    ];
    await eventually(async () => (await fetched(from, 'web'))?.startsWith('other '), { ...PATIENCE, describe });
    const own = await Promise.all(lab.hosts.map(async (each) => address(await container(each, 'other', 'web'))));
    expect((await resolved(from, 'tasks.web')).sort()).toEqual(own.sort());
    expect(await resolved(from, 'one')).toEqual([]);
    const theirs = await Promise.all(lab.hosts.map((each) => container(each, 'shop', 'web')));
    expect(await Promise.all(theirs.map((to) => fetched(from, address(to))))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test('nobody outside reaches a service that publishes no port, though he knows the way', async () => {
  const { ip, exec } = lab.host('h1');
  const target = address(await container(lab.host('h1'), 'shop', 'web'));
  const outside = (url: string): Promise<string> =>
    run('timeout', '3', 'busybox', 'wget', '-qO', '-', url).catch(() => 'nothing');
  await run('ip', 'route', 'add', `${target}/32`, 'via', ip);
  try {
    expect(await outside(`http://${target}:8080/`)).toBe('nothing');
    // From the host itself it is there: the way is right, and the firewall it is that stands in it.
    expect(await exec('busybox', 'wget', '-qO', '-', `http://${target}:8080/`)).toMatch(/^shop /);
  } finally {
    await run('ip', 'route', 'del', `${target}/32`);
  }
});

test('applications that share a network by name find each other on it, on hosts where only one of them runs', async () => {
  const declaring = `services:\n  store:${serving('store', 'networks: [meet]')}\nnetworks: { meet: { name: ${MEET} } }\n`;
  const joining = `services:\n  asker:${serving('asker', GLOBAL_ON_MEET)}\nnetworks: { there: { external: true, name: ${MEET} } }\n`;
  await deploy('owner', declaring);
  await deploy('guest', joining);
  for (const host of lab.hosts) {
    const from = await container(host, 'guest', 'asker');
    await eventually(async () => (await fetched(from, 'store'))?.startsWith('store '), PATIENCE);
    expect(await fetched(from, 'store.owner')).toMatch(/^store /);
    expect(await fetched(await container(host, 'other', 'web'), 'store.owner')).toBeUndefined();
  }
  for (const app of ['guest', 'owner']) expect((await cluster.run(['rm', app])).code).toBe(0);
  const left = async (): Promise<string[]> =>
    (await Promise.all(lab.hosts.map((host) => host.docker.listNetworks({ filters: { name: [MEET] } }))))
      .flat()
      .map(({ Id }) => Id);
  await eventually(async () => (await left()).length === 0, PATIENCE);
});
