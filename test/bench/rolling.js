// Requests lost while an application is changed under load: three hosts, twelve tasks of a program that exits at once on
// SIGTERM, and a client that repeats nothing, half of whose requests are POSTs. Everything that changes an application in the
// course of its life happens to it in turn; each change is a stretch of figures of its own, beside stretches of rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deployed, put, rolledOut } from '../harness/applications.js';
import { withCluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';
import { startLoad } from '../harness/load/index.js';
import { SERVER } from '../harness/load/server.js';
import { joinHosts } from '../harness/members.js';
import { nodeStandIn } from '../harness/stand-ins.js';
import { copyImage } from '../harness/docker.js';
import { printCases, printTable, round } from '../harness/stats.js';
import { withLab } from '../lab/index.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    requests: { type: 'string', default: '500000' },
    replicas: { type: 'string', default: '12' },
    only: { type: 'string', default: '' },
  },
});
const RATE = Number(values.rate);
const REQUESTS = Number(values.requests);
const REPLICAS = Number(values.replicas);
const APP = 'bench-rolling';
const PORT = 8080;
const REST_MS = 5000;

const file = ({ image, version, replicas = REPLICAS }) =>
  compose({
    web: {
      image,
      command: ['node', '-e', SERVER],
      environment: { VERSION: `${version}` },
      ports: [`${PORT}:80`],
      stop_grace_period: '2s',
      deploy: {
        replicas,
        update_config: { parallelism: 4, order: 'start-first', monitor: '1s' },
        resources: { limits: { cpus: '1', memory: '256M' }, reservations: { cpus: '0.01', memory: '16M' } },
      },
    },
  });

/** What happens to the application, in this order. Each resolves when it is over. */
function changes(cluster, image) {
  const path = `/v1/apps/default/${APP}`;
  const command = async (verb, body) => {
    const { json, status, text } = await cluster.http('POST', `${path}/${verb}?wait=true`, {
      body: JSON.stringify(body),
    });
    if (status !== 200 || json.status !== 'accepted') throw new Error(`${verb} was answered ${status}: ${text}`);
    await rolledOut(cluster, APP, { generation: json.generation });
  };
  const scale = (web) => command('scale', { services: { web } });
  const cli = async (...words) => {
    const { code, stderr } = await cluster.run(words, { timeoutMs: 180_000 });
    if (code !== 0) throw new Error(`tutti ${words.join(' ')} ended with ${code}: ${stderr}`);
  };
  const deploy = (version) => deployed(cluster, APP, { text: file({ image, version, replicas: undefined }) });
  return [
    ['rolling upgrade', () => deploy(2)],
    ['rollback', () => command('rollback', {})],
    ['scale in', () => scale(3)],
    ['scale out', () => scale(REPLICAS)],
    ['drain', () => cli('drain', 'h3')],
    ['uncordon, rebalance', async () => (await cli('uncordon', 'h3'), await cli('rebalance'), await sleep(5000))],
    ['restart', () => command('restart', {})],
  ].filter(([name]) => values.only === '' || values.only.split(',').includes(name));
}

const rows = [];
await withLab({ hosts: 3 }, async (lab) => {
  const image = await nodeStandIn();
  for (const host of lab.hosts) await copyImage(image, host.docker);
  await withCluster({ listen: lab.gateway, isNode: false }, async (cluster) => {
    await joinHosts(cluster, lab.hosts);
    await deployed(cluster, APP, { text: file({ image, version: 1 }) });
    const load = startLoad({ targets: lab.hosts.map(({ ip }) => `http://${ip}:${PORT}`), rate: RATE });
    const note = async (change) => {
      const figures = await load.cut();
      rows.push({ change, ...figures });
      console.log(
        `${change}: ${figures.failed} of ${figures.sent} failed, p99 ${round(figures.p99)} ms, ${round(figures.seconds)} s`,
        figures.reasons,
      );
    };
    await sleep(3000);
    await load.cut();
    const sent = () => rows.reduce((sum, row) => sum + row.sent, 0);
    do {
      for (const [name, act] of changes(cluster, image)) {
        await sleep(REST_MS);
        await note('rest');
        await act();
        await note(name);
      }
    } while (sent() < REQUESTS);
    await load.stop();
    await put(cluster, APP, { text: file({ image, version: 1, replicas: 0 }) });
  });
});

const names = [...new Set(rows.map(({ change }) => change))];
const worst = (list, pick) => Math.max(...list.map(pick));
const of = (name) => rows.filter(({ change }) => change === name);
const medianOf = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rest = medianOf(of('rest').map(({ p99 }) => p99));
printTable(
  names.map((name) => ({
    while: name,
    n: of(name).length,
    requests: of(name).reduce((sum, { sent }) => sum + sent, 0),
    failed: of(name).reduce((sum, { failed }) => sum + failed, 0),
    'p50 ms': round(medianOf(of(name).map(({ p50 }) => p50))),
    'p99 ms': round(medianOf(of(name).map(({ p99 }) => p99))),
    'worst p99 ms': round(worst(of(name), ({ p99 }) => p99)),
    'p99 / rest': round(medianOf(of(name).map(({ p99 }) => p99)) / rest, 2),
  })),
);
printCases(
  names.map((name) => ({
    ...{ bench: 'rolling', case: name.replace(/[^a-z]+/g, '-'), unit: 'requests', n: of(name).length },
    ours: of(name).reduce((sum, { sent }) => sum + sent, 0),
    lost: of(name).reduce((sum, { failed }) => sum + failed, 0),
    p99Ms: round(medianOf(of(name).map(({ p99 }) => p99))),
    ratio: round(medianOf(of(name).map(({ p99 }) => p99)) / rest, 3),
  })),
);
