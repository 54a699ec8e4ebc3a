// A node without HAProxy of its own, whose proxy comes out of an image.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { deployed, removed } from '../harness/applications.js';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { docker } from '../harness/docker.js';
import { haproxyStandIn } from '../harness/stand-ins.js';

jest.setTimeout(120_000);

const PORT = 18_231;
const SHOP = `
services:
  web:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && hostname > /www/index.html && exec httpd -f -p 80 -h /www"]
    stop_grace_period: 0s
    ports: ["${PORT}:80"]
    deploy: { replicas: 2, update_config: { monitor: 0s } }
`;

let folder: string;
let cluster: Cluster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-hp-'));
  const env = {
    TUTTI_HAPROXY: resolve('packaging/haproxy/in-docker'),
    TUTTI_HAPROXY_IMAGE: await haproxyStandIn(),
    TUTTI_PROXY_DIR: folder,
  };
  cluster = await startCluster({ env });
});
afterAll(async () => {
  await cluster.stop();
  for (const id of await proxies()) await docker.getContainer(id).remove({ force: true });
  rmSync(folder, { recursive: true, force: true });
});

/** Containers in which the HAProxy of this cluster's node runs. */
async function proxies(): Promise<string[]> {
  const found = await docker.listContainers({ filters: { label: ['dev.tutti.part=haproxy'] } });
  return found.filter(({ Mounts }) => Mounts.some(({ Source }) => Source === folder)).map(({ Id }) => Id);
}

/** Empty while nobody listens. */
const answer = (): Promise<string> =>
  fetch(`http://127.0.0.1:${PORT}/`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.text(),
    () => '',
  );

test('takes in what is published, comes back when it is killed, and goes with the last application', async () => {
  await deployed(cluster, 'shop', { text: SHOP });
  const names = new Set<string>();
  await eventually(async () => names.add(await answer()).size > (names.has('') ? 2 : 1), { timeoutMs: 30_000 });
  const [first = '', ...more] = await proxies();
  expect(more).toEqual([]);
  await docker.getContainer(first).kill();
  await eventually(async () => (await proxies()).some((id) => id !== first), { timeoutMs: 30_000 });
  await eventually(async () => (await answer()) !== '', { timeoutMs: 30_000 });
  await removed(cluster, 'shop');
  await eventually(async () => (await proxies()).length === 0, { timeoutMs: 30_000 });
});
