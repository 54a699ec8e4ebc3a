// One address for a service, from containers of its networks on every host, for as long as it exists.
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHosts } from '../harness/members.js';
import { startLab, type Host, type Lab } from '../lab/index.js';
import { run } from '../lab/shell.js';

jest.setTimeout(150_000);

const PATIENCE = { timeoutMs: 40_000 };

let lab: Lab;
let cluster: Cluster;

/** Listens on two ports, of which the file names none. */
const serving = (text: string, more = ''): string => `
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && echo ${text} $$HOSTNAME > /www/index.html && httpd -p 9191 -h /www && exec httpd -f -p 8080 -h /www"]
    stop_grace_period: 0s
    healthcheck: { test: ["CMD", "wget", "-qO", "/dev/null", "http://127.0.0.1:8080/"], interval: 1s }
    ${more}`;
const ASKING = `
    image: ${BUSYBOX_IMAGE}
    command: ["sleep", "100000"]
    stop_grace_period: 0s
    deploy: { mode: global }`;
const shop = (text: string): string => `
services:
  web:${serving(text, 'deploy: { replicas: 4, update_config: { parallelism: 1, order: start-first, monitor: 1s } }')}
  each:${serving('each', 'deploy: { replicas: 2, endpoint_mode: dnsrr }')}
  store:${serving('store', 'networks: [back]')}
  ask:${ASKING}
  both:${ASKING}
    networks: [default, back]
networks: { back: {} }
`;

async function deploy(app: string, file: string): Promise<void> {
  const { code, stderr } = await cluster.run(['deploy', '-f', '-', app], { input: file });
  const all = async (): Promise<string> =>
    (await cluster.run(['ps'])).stdout + (await cluster.run(['incidents'])).stdout;
  expect([code, code === 0 ? '' : `${stderr}${await all()}`]).toEqual([0, '']);
}

/** Runs a shell's words in the container of a service on a host. @returns what it printed, also where it fails */
async function inside(host: Host, name: string, words: string): Promise<string> {
  const [app = '', service = ''] = name.split('/');
  const label = [`dev.tutti.app=${app}`, `dev.tutti.service=${service}`];
  const [found] = await host.docker.listContainers({ filters: { label } });
  if (!found) throw new Error(`no container of ${name} on ${host.name}`);
  const docker = host.exec('docker', '-H', host.dockerHost, 'exec', found.Id, 'sh', '-c', `${words} 2>&1 || true`);
  return docker.then((text: string) => text.trim());
}

const fetched = (host: Host, name: string, url: string): Promise<string> =>
  inside(host, name, `timeout 3 wget -qO - http://${url}`);

/** The addresses that a name has there. */
async function resolved(host: Host, from: string, name: string): Promise<string[]> {
  const text = await inside(host, from, `timeout 10 nslookup -type=a ${name}`);
  return [...text.matchAll(/^Address: ([\d.]+)$/gm)].map(([, found]) => found ?? '');
}

async function address(): Promise<string> {
  const records = await Promise.all(lab.hosts.map((host) => resolved(host, 'shop/ask', 'web')));
  const all = [...new Set(records.flat())];
  return all.length === 1 && records.every(({ length }) => length === 1) ? (all[0] ?? '') : '';
}

beforeAll(async () => {
  lab = await startLab({ hosts: 3 });
  cluster = await startCluster({ listen: lab.gateway, isNode: false });
  await joinHosts(cluster, lab.hosts);
  await deploy('shop', shop('v1'));
  await deploy('other', `services:\n  ask:${ASKING}\n`);
}, 240_000);

afterAll(async () => {
  await cluster?.stop();
  await lab?.stop();
}, 60_000);

test('a name leads to one address from every host, which connects on whatever port the tasks listen on', async () => {
  const virtual = await eventually(address, PATIENCE);
  for (const host of lab.hosts) {
    for (const port of [8080, 9191]) {
      await eventually(async () => (await fetched(host, 'shop/ask', `web:${port}/`)).startsWith('v1 '), {
        ...PATIENCE,
        describe: () => fetched(host, 'shop/ask', `${virtual}:${port}/`),
      });
    }
    expect(await fetched(host, 'shop/ask', 'web:8081/')).not.toContain('v1');
  }
});

test('only containers on its networks get through; one on two networks reaches what is on either', async () => {
  const virtual = await eventually(address, PATIENCE);
  for (const host of lab.hosts) {
    expect(await fetched(host, 'other/ask', `${virtual}:8080/`)).not.toContain('v1');
    for (const [name, text] of [
      ['web', 'v1'],
      ['store', 'store'],
    ]) {
      await eventually(
        async () => (await fetched(host, 'shop/both', `${name}:8080/`)).startsWith(`${text} `),
        PATIENCE,
      );
    }
    const [store = ''] = await resolved(host, 'shop/both', 'store');
    expect(await fetched(host, 'shop/ask', `${store}:8080/`)).not.toContain('store');
  }
});

test('tasks are found by name where that is asked for', async () => {
  for (const host of lab.hosts) {
    expect(await eventually(async () => (await resolved(host, 'shop/ask', 'each')).length === 2, PATIENCE)).toBe(true);
    expect((await resolved(host, 'shop/ask', 'tasks.web')).length).toBe(4);
  }
});

test('the address stays over a rolling update, in which no request fails, on fresh and on kept connections', async () => {
  const virtual = await eventually(address, PATIENCE);
  const fresh =
    'rm -f /stop /bad /good; (while [ ! -e /stop ]; do if timeout 5 wget -qO /dev/null http://web:8080/; then echo >> /good; else echo >> /bad; fi; done; touch /done) > /dev/null';
  // One connection for all requests, each a line of the answer; a connection that is closed ends the loop.
  const kept =
    '(while [ ! -e /stop ]; do printf "GET / HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n"; sleep 0.05; done | nc web 8080 > /kept; touch /kept-done)';
  const clients = lab.hosts.flatMap((host) => [
    inside(host, 'shop/ask', fresh),
    inside(host, 'shop/both', `rm -f /stop; ${kept}`),
  ]);
  await deploy('shop', shop('v2'));
  await eventually(async () => (await fetched(lab.host('h1'), 'shop/ask', 'web:8080/')).startsWith('v2 '), PATIENCE);
  const result = lab.hosts.map(async (host) => {
    await inside(host, 'shop/ask', 'touch /stop');
    await inside(host, 'shop/both', 'touch /stop');
    await eventually(async () => (await inside(host, 'shop/ask', 'ls /done')) === '/done', PATIENCE);
    return {
      bad: await inside(host, 'shop/ask', 'cat /bad'),
      good: Number(await inside(host, 'shop/ask', 'wc -l < /good')),
      statuses: await inside(host, 'shop/both', 'grep -a ^HTTP /kept | sort | uniq -c'),
      last: await inside(host, 'shop/both', 'tail -n 1 /kept'),
    };
  });
  for (const { bad, good, statuses, last } of await Promise.all(result)) {
    expect(bad).toMatch(/No such file/);
    expect(good).toBeGreaterThan(20);
    expect(statuses).toMatch(/^\d+ HTTP\/1\.[01] 200 OK\s*$/);
    expect(last).toMatch(/^v2 /);
  }
  await Promise.all(clients);
  expect(await address()).toBe(virtual);
});

test('a single host does it by itself', async () => {
  const single = await startCluster();
  try {
    const file = `services:\n  web:${serving('solo')}\n  ask:${ASKING}\n`;
    expect((await single.run(['deploy', '-f', '-', 'solo'], { input: file })).code).toBe(0);
    const [asker] = await single.containers({ app: 'solo', service: 'ask' });
    const ask = (words: string): Promise<string> =>
      run('docker', 'exec', asker?.Id ?? '', 'sh', '-c', `${words} 2>&1 || true`);
    const virtual = async (): Promise<string | undefined> =>
      /^Address: (10\.\d+\.0\.1)$/m.exec(await ask('timeout 10 nslookup -type=a web'))?.[1];
    const address = await eventually(virtual, PATIENCE);
    expect(await ask(`timeout 3 wget -qO - http://${address}:9191/`)).toMatch(/^solo /);
  } finally {
    await single.stop();
  }
});
