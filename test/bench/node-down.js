// A host's plug is pulled: how long until all its tasks run elsewhere, and what happens when it is put back. Ours and Docker
// Swarm, one after the other, on the same three engines in the same run, each with its defaults and tuned. What counts is
// what the engines say, whose sockets do not go over the wire that is cut.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { deployed, removed, until } from '../harness/applications.js';
import { bareTwin, shareOf } from '../harness/bare.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { observeHosts } from '../harness/hosts.js';
import { joinHost, joinToken } from '../harness/members.js';
import { untilIdle } from '../harness/processes.js';
import { median, printCases, printTable, round, summary } from '../harness/stats.js';
import { isSwarmTask, withSwarm } from '../harness/swarm.js';
import { withLab } from '../lab/index.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    tasks: { type: 'string', default: '30' },
    only: { type: 'string', default: 'default,tuned' },
    'no-swarm': { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(values.rounds);
const TASKS = Number(values.tasks);
const APP = 'bench-node-down';
/** By then nothing may run twice. */
const CLEAN_BY_MS = 5000;
/** So many calls at once on each engine; which number is quickest `deploy-hosts` tries. */
const BARE_WIDTH = 2;
const VARIANTS = [
  { name: 'default', lease: [], heartbeatMs: 5000, delayMs: 5000, swarm: 'heartbeat 5 s, restart delay 5 s' },
  { name: 'tuned', lease: ['--lease', '1500ms'], heartbeatMs: 1000, delayMs: 0, swarm: 'heartbeat 1 s, no delay' },
].filter(({ name }) => values.only.split(',').includes(name));

const isOurs = ({ labels }) => labels['dev.tutti.app'] === APP;

/** Cuts a host off, waits until its tasks run elsewhere, mends the wire and waits until nothing runs twice. */
async function cutAndMend({ hosts, victim, isOne }) {
  const before = await hosts.running(isOne);
  const lost = before.filter(({ host }) => host === victim.name).length;
  const [first, elsewhere] = [1, lost].map((count) => hosts.starts({ count, isOne, except: victim.name }));
  const cutAt = performance.now();
  await victim.cut();
  const firstMs = (await first) - cutAt;
  const movedMs = (await elsewhere) - cutAt;
  const mendedAt = performance.now();
  await victim.mend();
  await until(async () => (await hosts.running(isOne)).length === TASKS, { what: 'an end of doubles', everyMs: 20 });
  const cleanMs = performance.now() - mendedAt;
  await sleep(Math.max(0, CLEAN_BY_MS + 1000 - cleanMs));
  const after = await hosts.running(isOne);
  const ids = new Set(after.map(({ id }) => id));
  const unharmed = before.filter(({ host }) => host !== victim.name);
  return {
    firstMs,
    movedMs,
    cleanMs,
    lost,
    doubles: Math.max(0, after.length - TASKS),
    restarted: unharmed.filter(({ id }) => !ids.has(id)).length,
  };
}

/** Nodes of this round's own: one that has come and gone before is held back for a while, and Swarm's cuts would count. */
async function roundOfOurs({ cluster, hosts, workers, victim, variant, n }) {
  const token = await joinToken(cluster);
  const nameOf = (host) => `${host.name}-${variant.name}-${n}`;
  const join = (host) => joinHost({ cluster, host, token }, ...variant.lease, '--name', nameOf(host));
  const members = await Promise.all(workers.map(join));
  await deployed(cluster, APP, { text: compose({ sleeper: sleeper(TASKS) }) });
  await settled();
  const measured = await cutAndMend({ hosts, victim, isOne: isOurs });
  const bareMs = await bareStarts({ hosts, others: workers.filter((host) => host !== victim), count: measured.lost });
  await removed(cluster, APP);
  await until(async () => (await hosts.running(isOurs)).length === 0, { what: 'the end of our containers' });
  await Promise.all(workers.map((host, index) => leave(cluster, members[index], nameOf(host))));
  return { ...measured, bareMs, joins: members.map(({ readyMs }) => readyMs) };
}

/** The physical limit of what follows the verdict: as many containers made by bare calls on the engines that are left. */
async function bareStarts({ hosts, others, count }) {
  await settled();
  const all = await hosts.running(isOurs);
  const twinOn = ({ name, docker }) =>
    bareTwin(all.find(({ host }) => host === name).id, name, { from: docker, engine: docker });
  const twins = await Promise.all(others.map(twinOn));
  for (const twin of twins) await twin.makeNetwork();
  const began = performance.now();
  await Promise.all(twins.map((twin, index) => twin.many(shareOf(count, twins, index), BARE_WIDTH)));
  const tookMs = performance.now() - began;
  await Promise.all(twins.map((twin) => twin.clear()));
  return tookMs;
}

/** Stops an agent and takes its node away for good: one that is just silent would count among those that vanish together. */
async function leave(cluster, member, name) {
  await cluster.succeed(['drain', name]);
  await member.stop();
  await cluster.succeed(['node', 'rm', name]);
}

async function roundOfSwarm({ swarm, hosts, victim, variant }) {
  const all = hosts.starts({ count: TASKS, isOne: isSwarmTask });
  await swarm.create({ replicas: TASKS, delayMs: variant.delayMs });
  await all;
  await settled();
  const measured = await cutAndMend({ hosts, victim, isOne: isSwarmTask });
  await swarm.remove();
  await until(async () => (await hosts.running(isSwarmTask)).length === 0, {
    what: "the end of the swarm's containers",
  });
  return measured;
}

/** What starts a deploy leaves behind is over. */
const settled = async () => {
  await untilIdle();
  await sleep(500);
};

async function measure({ lab, cluster, hosts, swarm }, variant) {
  const workers = lab.hosts.slice(0, 3);
  await swarm?.heartbeat(variant.heartbeatMs);
  const [ours, theirs] = [[], []];
  for (let n = 0; n < ROUNDS; n++) {
    const victim = workers[n % workers.length];
    ours.push(await roundOfOurs({ cluster, hosts, workers, victim, variant, n }));
    if (swarm) theirs.push(await roundOfSwarm({ swarm, hosts, victim, variant }));
    console.log(
      `${variant.name}, round ${n + 1}: ${told(ours.at(-1))}${swarm ? `; swarm ${told(theirs.at(-1))}` : ''}`,
    );
  }
  return { ours, theirs, joins: ours.flatMap(({ joins }) => joins) };
}

const told = ({ movedMs, cleanMs, lost, doubles, restarted }) =>
  `${lost} moved ${Math.round(movedMs)} ms, clean ${Math.round(cleanMs)} ms, ${doubles} doubles, ${restarted} restarted`;

const of = (rounds, name) => rounds.map((one) => one[name]);
const sum = (rounds, name) => of(rounds, name).reduce((total, one) => total + one, 0);

function rowsOf({ ours, theirs, joins }, { name, swarm }) {
  const row = (what, values) => ({ 'time in ms': `${name}: ${what}`, ...summary(values) });
  return [
    row('tutti join, command to ready, three at once', joins),
    row('tutti, cut to the first elsewhere', of(ours, 'firstMs')),
    row('tutti, cut to all elsewhere', of(ours, 'movedMs')),
    row('bare, as many starts on the engines that are left', of(ours, 'bareMs')),
    ...(theirs.length > 0 ? [row(`swarm (${swarm})`, of(theirs, 'movedMs'))] : []),
    row('tutti, mended to clean', of(ours, 'cleanMs')),
    ...(theirs.length > 0 ? [row('swarm, mended to clean', of(theirs, 'cleanMs'))] : []),
  ];
}

function caseOf({ ours, theirs, joins }, { name }) {
  const [our, their] = [median(of(ours, 'movedMs')), median(of(theirs, 'movedMs'))];
  return {
    ...{ bench: 'node-down', case: name, unit: 'ms', n: ours.length, tasks: TASKS, ours: round(our) },
    ...(theirs.length > 0 && { peer: round(their), ratio: round(our / their, 3) }),
    ...{
      firstMs: round(median(of(ours, 'firstMs'))),
      bareMs: round(median(of(ours, 'bareMs'))),
      joinMs: round(median(joins)),
      cleanMs: round(median(of(ours, 'cleanMs'))),
      doubles: sum(ours, 'doubles'),
      restarted: sum(ours, 'restarted'),
    },
  };
}

async function measureAll(lab, cluster, swarm) {
  const hosts = await observeHosts(lab.hosts.slice(0, 3));
  const [rows, cases] = [[], []];
  for (const variant of VARIANTS) {
    const measured = await measure({ lab, cluster, hosts, swarm }, variant);
    rows.push(...rowsOf(measured, variant));
    cases.push(caseOf(measured, variant));
  }
  hosts.close();
  printTable(rows);
  printCases(cases);
}

await withLab({ hosts: values['no-swarm'] ? 3 : 4 }, (lab) =>
  withCluster({ listen: lab.gateway, isNode: false }, (cluster) => {
    const [workers, [manager]] = [lab.hosts.slice(0, 3), lab.hosts.slice(3)];
    return manager
      ? withSwarm({ manager, workers }, (swarm) => measureAll(lab, cluster, swarm))
      : measureAll(lab, cluster);
  }),
);
