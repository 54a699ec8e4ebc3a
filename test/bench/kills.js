// What users see when a part gets kill -9: how long until a command that is sent just then is accepted, and until it is
// done as the engines tell it; how long reads go unanswered; and which containers that nobody asked about were touched.
// Three hosts, two schedulers. Who has supervisors in life has them here: an agent is started again at once, an engine
// after two seconds, as their systemd units have it; the rest is looked after by `tutti up`.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startWorld } from '../chaos/random/world.js';
import { deployed, expectStatus, removed, until } from '../harness/applications.js';
import { using } from '../harness/cleanup.js';
import { compose, sleeper } from '../harness/compose.js';
import { kill, untilIdle } from '../harness/processes.js';
import { median, printCases, printTable, round } from '../harness/stats.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const ROUNDS = Number(values.rounds);
const APP = 'bench-kills';
const [FEW, MANY] = [9, 12];
const ENGINE_AWAY_MS = 2000;
const READ_EVERY_MS = 25;
const PATIENCE_MS = 120_000;

const hostOf = (world, n) => world.lab.hosts[n % world.lab.hosts.length];

/** What is killed, and what has to be so before; `strike` resolves when its supervisor has done its part. */
const VICTIMS = [
  { name: 'nothing', strike: async () => undefined },
  {
    name: 'scheduler, the leading one',
    prepare: (world) => world.haveSecondLead(),
    strike: async (world) => kill(world.pidOf('scheduler-2')),
  },
  { name: 'agent', strike: (world, n) => world.killAgent(hostOf(world, n).name) },
  {
    name: 'dockerd',
    strike: async (world, n) => {
      await hostOf(world, n).killEngine();
      await sleep(ENGINE_AWAY_MS);
      await hostOf(world, n).startEngine();
    },
  },
  { name: 'nats-server, the only one', strike: async (world) => kill(world.pidOf('nats-server')) },
  { name: 'gateway', strike: async (world) => kill(world.pidOf('gateway')) },
  {
    name: 'control plane',
    strike: async ({ cluster }) => {
      cluster.crash();
      await cluster.up();
    },
  },
].filter(({ name }) => name === 'nothing' || name.includes(values.only));

const isOurs = ({ labels }) => labels['dev.tutti.app'] === APP;

/** Reads one after the other until it is stopped. @returns how to stop: that gives the longest time without an answer */
function keepReading(cluster) {
  let [stopped, longest, last] = [false, 0, performance.now()];
  const reading = (async () => {
    while (!stopped) {
      const answer = await cluster.http('GET', `/v1/apps/default/${APP}`, { patienceMs: 0 }).catch(() => undefined);
      if (answer?.status === 200) {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      await sleep(READ_EVERY_MS);
    }
  })();
  return async () => {
    stopped = true;
    await reading;
    return Math.max(longest, performance.now() - last);
  };
}

/** Scales under one id until it is accepted. @returns how long that took */
async function scale(cluster, web) {
  const headers = { 'idempotency-key': randomUUID() };
  const began = performance.now();
  const send = async () => {
    const answer = await cluster
      .http('POST', `/v1/apps/default/${APP}/scale`, { body: { services: { web } }, headers, patienceMs: 0 })
      .catch(() => undefined);
    return answer !== undefined && answer.status < 500 && answer;
  };
  expectStatus(await until(send, { timeoutMs: PATIENCE_MS, what: 'the acceptance of a scale', everyMs: 25 }), 200, 202);
  return performance.now() - began;
}

/** Waits until just so many run, by what every engine says; a dead one says nothing. */
function untilRunning(world, count) {
  const look = async () => (await world.hosts.running(isOurs)).length === count;
  return until(look, { timeoutMs: PATIENCE_MS, what: `${count} running containers`, everyMs: 25 });
}

/** Container to when its process started. */
async function picture(world) {
  const looks = world.lab.hosts.map(async ({ docker }) => {
    const containers = await docker.listContainers({ filters: { label: [`dev.tutti.app=${APP}`] } });
    return Promise.all(
      containers.map(async ({ Id }) => [Id, (await docker.getContainer(Id).inspect()).State.StartedAt]),
    );
  });
  return new Map((await Promise.all(looks)).flat());
}

async function strikeAndScale(world, { prepare, strike }, n) {
  await prepare?.(world);
  await settled(world);
  const before = await picture(world);
  const since = new Date().toISOString();
  const stopReading = keepReading(world.cluster);
  const began = performance.now();
  const striking = strike(world, n);
  const acceptedMs = await scale(world.cluster, MANY);
  await Promise.all([untilRunning(world, MANY), striking]);
  const doneMs = performance.now() - began;
  const silentMs = await stopReading();
  await settled(world);
  const after = await picture(world);
  const touched = [...before].filter(([id, startedAt]) => after.get(id) !== startedAt).length;
  const incidents = await kindsSince(world.cluster, since);
  await scale(world.cluster, FEW);
  await untilRunning(world, FEW);
  return { acceptedMs, doneMs, silentMs, touched, incidents };
}

const settled = async (world) => {
  const ready = async () => (await world.cluster.list('nodes')).every(({ state }) => state === 'ready');
  await until(ready, { timeoutMs: PATIENCE_MS, what: 'nodes that are all ready', everyMs: 200 });
  await untilIdle({ timeoutMs: 5000 });
};

async function kindsSince(cluster, since) {
  const { json } = await cluster.http('GET', '/v1/incidents');
  return json.filter(({ openedAt }) => openedAt >= since).map(({ kind }) => kind);
}

function counted(kinds) {
  const counts = new Map();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none';
}

function report(name, rounds) {
  const of = (key) => rounds.map((one) => one[key]);
  const sum = (key) => of(key).reduce((total, one) => total + one, 0);
  const [accepted, done, silent] = ['acceptedMs', 'doneMs', 'silentMs'].map((key) => Math.round(median(of(key))));
  const slowest = Math.round(Math.max(...of('doneMs')));
  const incidents = counted(of('incidents').flat());
  const row = {
    'kill -9 of': name,
    'command accepted ms': accepted,
    'done ms': done,
    'slowest ms': slowest,
    'reads silent ms': silent,
    'containers touched': `${sum('touched')} of ${rounds.length * FEW}`,
    incidents,
  };
  const about = { bench: 'kills', case: name.replaceAll(/[^a-z]+/g, '-'), unit: 'ms', n: rounds.length };
  return {
    row,
    one: { ...about, ours: round(done), acceptedMs: accepted, silentMs: silent, touched: sum('touched'), incidents },
  };
}

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
await using(await startWorld({ root }), async (world) => {
  await deployed(world.cluster, APP, { text: compose({ web: sleeper(FEW) }) });
  const reports = [];
  for (const victim of VICTIMS) {
    const rounds = [];
    for (let n = 0; n < ROUNDS; n++) {
      rounds.push(await strikeAndScale(world, victim, n));
      console.error(`${victim.name}: ${JSON.stringify(rounds.at(-1))}`);
    }
    reports.push(report(victim.name, rounds));
  }
  await removed(world.cluster, APP);
  printTable(reports.map(({ row }) => row));
  printCases(reports.map(({ one }) => one));
});
