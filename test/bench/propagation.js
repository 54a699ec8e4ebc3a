// How fast the proxies follow: from a task's death until none of them sends to it any more, and from healthy until the task
// has answered a request through each of them. Three lab hosts, one application with a published port, a steady load through
// every host. Death and health are timed by the engine's own events; what proxies do is read off HAProxy itself, over its own
// socket, every few milliseconds, and off who answers: nothing that we say of ourselves counts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deployed, removed, until } from '../harness/applications.js';
import { startAsking, wallMs } from '../harness/asker.js';
import { withCluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';
import { copyImage, killContainer, observe } from '../harness/docker.js';
import { joinHosts } from '../harness/members.js';
import { ProxySight } from '../harness/proxy-sight.js';
import { nodeStandIn } from '../harness/stand-ins.js';
import { median, printCases, printTable, quantile, round, summary } from '../harness/stats.js';
import { withLab } from '../lab/index.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '24' },
    replicas: { type: 'string', default: '6' },
    rate: { type: 'string', default: '100' },
  },
});
const ROUNDS = Number(values.rounds);
const REPLICAS = Number(values.replicas);
const RATE = Number(values.rate);
const PORT = 8080;
const LOOK_MS = 4;
const SETTLED_MS = 1500;
/** The engine looks for the first time after so long; often enough that a round is short, seldom enough to cost little. */
const CHECK = {
  test: ['CMD', 'wget', '-q', '-O', '-', 'http://127.0.0.1/'],
  interval: '3s',
  timeout: '3s',
  retries: 3,
};
const SERVER = `
const name = require('node:os').hostname();
require('node:http').createServer((_, response) => response.end(name)).listen(80);
process.on('SIGTERM', () => process.exit(0));
`;

const file = (image) =>
  compose({
    web: {
      image,
      command: ['node', '-e', SERVER],
      ports: [`${PORT}:80`],
      healthcheck: CHECK,
      deploy: {
        replicas: REPLICAS,
        resources: { limits: { cpus: '1', memory: '256M' }, reservations: { cpus: '0.01', memory: '16M' } },
      },
    },
  });

/** The tasks that run and are healthy, with all the addresses by which a proxy may reach each. */
async function tasksOf(lab, app) {
  const filters = { label: [`dev.tutti.app=${app}`], health: ['healthy'], status: ['running'] };
  const found = await Promise.all(
    lab.hosts.map(async (host) => {
      const containers = await host.docker.listContainers({ filters });
      return Promise.all(
        containers.map(async ({ Id, Labels }) => {
          const { NetworkSettings, Config } = await host.docker.getContainer(Id).inspect();
          const own = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => `${IPAddress}:80`);
          const ports = Object.values(NetworkSettings.Ports).flatMap((each) => each ?? []);
          const published = ports.flatMap(({ HostPort }) => [`${host.ip}:${HostPort}`, `127.0.0.1:${HostPort}`]);
          const addresses = new Set([...own, ...published]);
          return { host, id: Id, name: Config.Hostname, slot: Labels['dev.tutti.slot'], addresses };
        }),
      );
    }),
  );
  return found.flat();
}

/**
 * Looks at one proxy until it sends to this task no more.
 * @returns by then at the latest it was out, and when it was last seen to have been chosen since we began to look
 */
async function untilOut(sight, { addresses }) {
  const before = new Map();
  for (let chosenAt = null; ;) {
    // It is behind several back ends, one for each way to speak to it.
    const found = (await sight.open()).filter(({ address }) => addresses.has(address));
    const at = wallMs();
    if (found.some(({ backend, chosen }) => chosen > (before.get(backend) ?? Infinity))) chosenAt = at;
    if (found.length === 0) return { outAt: at, chosenAt };
    for (const { backend, chosen } of found) before.set(backend, chosen);
    await sleep(LOOK_MS);
  }
}

/** The first answer of this task through each proxy. */
function firstAnswers(asker, { name, proxies, after }) {
  const first = new Map();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${name} answers through ${first.size} proxies only`)), 20_000);
    const take = (answer) => {
      if (answer.by !== name || answer.sentAt < after || first.has(answer.name)) return;
      first.set(answer.name, answer.at);
      if (first.size < proxies) return;
      clearTimeout(late);
      stop();
      resolve([...first.values()]);
    };
    const stop = asker.on(take);
    asker.since(after).forEach(take);
  });
}

/** Kills one task and waits for the one that takes its place. */
async function kill({ app, sights, asker, observers }, victim) {
  const observer = observers.get(victim.host.name);
  const since = observer.mark();
  const killedAt = wallMs();
  const watched = sights.map((sight) => untilOut(sight, victim));
  await killContainer(victim.id, victim.host.docker);
  const died = await observer.seen((event) => event.action === 'die' && event.id === victim.id, { since });
  const outs = await Promise.all(watched);
  const isSuccessor = ({ action, labels }) =>
    action === 'health_status: healthy' && labels['dev.tutti.app'] === app && labels['dev.tutti.slot'] === victim.slot;
  // Whoever dies for the first time is started again where it was.
  const healthy = await observer.seen(isSuccessor, { since });
  const { Config } = await victim.host.docker.getContainer(healthy.id).inspect();
  const firsts = await firstAnswers(asker, { name: Config.Hostname, proxies: sights.length, after: died.engineMs });
  const answers = asker.since(killedAt);
  const failed = answers.filter(({ error }) => error !== undefined);
  return {
    out: Math.max(...outs.map(({ outAt }) => outAt)) - died.engineMs,
    chosen: Math.max(0, ...outs.map(({ chosenAt }) => (chosenAt ?? 0) - died.engineMs)),
    death: died.engineMs - killedAt,
    seen: performance.timeOrigin + died.at - died.engineMs,
    firsts: firsts.map((at) => Math.max(0, at - healthy.engineMs)),
    inFlight: failed.filter(({ sentAt }) => sentAt <= died.engineMs).length,
    slowest: Math.max(...answers.map(({ at, sentAt }) => at - sentAt)),
    failedLater: failed.filter(({ sentAt }) => sentAt > died.engineMs),
  };
}

/** A fresh application each time: a task that fails for the second time is held back on purpose. */
async function pass(around, { image, app, count }) {
  const { lab, cluster } = around;
  await deployed(cluster, app, { text: file(image) });
  const all = await until(async () => ((found) => found.length === REPLICAS && found)(await tasksOf(lab, app)), {
    what: 'healthy tasks',
  });
  const targets = Object.fromEntries(lab.hosts.map(({ name, ip }) => [name, `http://${ip}:${PORT}/`]));
  const asker = startAsking(targets, RATE);
  const rounds = [];
  try {
    for (const victim of all.slice(0, count)) {
      await sleep(SETTLED_MS);
      rounds.push(await kill({ ...around, app, asker }, victim));
      const { out, chosen, firsts, failedLater } = rounds.at(-1);
      const words = failedLater.map(({ error }) => error).join(' ');
      console.log(
        `out ${round(out)} ms, last chosen ${round(chosen)} ms, first answer ${round(Math.max(...firsts))} ms ${words}`,
      );
    }
  } finally {
    asker.stop();
  }
  await removed(cluster, app);
  return rounds;
}

const rounds = [];
await withLab({ hosts: 3 }, async (lab) => {
  const image = await nodeStandIn();
  for (const host of lab.hosts) await copyImage(image, host.docker);
  await withCluster({ listen: lab.gateway, isNode: false }, async (cluster) => {
    await joinHosts(cluster, lab.hosts);
    const observers = new Map();
    for (const { name, docker } of lab.hosts) observers.set(name, await observe(docker, ['die', 'health_status']));
    const { cluster: id } = JSON.parse(readFileSync(join(cluster.data, 'settings.json'), 'utf8'));
    const sights = lab.hosts.map(({ name }) => new ProxySight(`/run/tutti-proxies/${id}-${name}/stats.sock`));
    try {
      for (let n = 1; rounds.length < ROUNDS; n++) {
        const count = Math.min(REPLICAS, ROUNDS - rounds.length);
        rounds.push(
          ...(await pass({ lab, cluster, observers, sights }, { image, app: `bench-propagation-${n}`, count })),
        );
      }
    } finally {
      for (const observer of observers.values()) observer.close();
    }
  });
});

const of = (key) => rounds.map((one) => one[key]);
const firsts = rounds.flatMap((one) => one.firsts);
const caseOf = (name, { list, targetMs, more = {} }) => ({
  ...{ bench: 'propagation', case: name, unit: 'ms', n: list.length, ours: round(median(list)) },
  ...{ p99: round(quantile(list, 0.99)), max: round(Math.max(...list)), targetMs, ...more },
});
const row = (what, list) => ({ 'time in ms': what, ...summary(list), p99: round(quantile(list, 0.99)) });
printTable([
  row('killed to dead, by the engine', of('death')),
  row('dead to told by the engine (a bare subscriber)', of('seen')),
  row('dead to no proxy has it', of('out')),
  row('dead to last chosen by a proxy', of('chosen')),
  row('healthy to answering, each proxy', firsts),
  row('slowest request of each round', of('slowest')),
]);
const lost = of('inFlight').reduce((sum, n) => sum + n, 0);
const failedLater = of('failedLater').flat().length;
console.log(`\n${lost} requests that were in flight at a death failed, ${failedLater} that were sent after it.`);
printCases([
  caseOf('death', {
    list: of('out'),
    targetMs: 100,
    more: {
      limit: round(median(of('seen'))),
      chosenP99: round(quantile(of('chosen'), 0.99)),
      slowestMs: round(Math.max(...of('slowest'))),
      lost,
      failedLater,
    },
  }),
  caseOf('healthy', { list: firsts, targetMs: 250 }),
]);
