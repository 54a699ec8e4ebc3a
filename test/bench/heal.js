// How long a killed container is away: ours against a bare create-and-start on the engine's `die` event.
//
// Each round kills one of our containers, then a bare one. The clock starts just before the kill and stops when one
// independent subscriber sees `start`, the same for both. Every kill of ours hits a task that has not failed before:
// from the second failure on the agent waits on purpose.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, removed, until } from '../harness/applications.js';
import { bareTwin } from '../harness/bare.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker, killContainer, observe } from '../harness/docker.js';
import { comparison, printCases, printTable, summary } from '../harness/stats.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const ROUNDS = Number(values.rounds);
const APP = 'bench-heal';
/** Between rounds, so that what one leaves to do does not weigh on the next. */
const PAUSE_MS = 400;

/** Subscribes to the engine as our agent does, and replaces a bare container when it dies. */
async function bareHealer(twin) {
  const subscriber = await observe();
  subscriber.on((event) => event.action === 'die' && twin.isOurs(event) && void twin.one());
  return subscriber;
}

/** Kills a container and waits for the start of what takes its place; times in milliseconds. */
async function killAndWait(observer, id, isSuccessor) {
  const since = observer.mark();
  const { at } = await killContainer(id);
  const [died, started] = await Promise.all([
    observer.seen((event) => event.action === 'die' && event.id === id, { since, what: 'death' }),
    observer.seen((event) => event.action === 'start' && isSuccessor(event), { since, what: 'start' }),
  ]);
  return { total: started.at - at, fromDie: started.engineMs - died.engineMs, id: started.id };
}

async function measure(cluster, observer) {
  const containers = await cluster.containers({ app: APP });
  const twin = await bareTwin(containers[0].Id, cluster.node);
  await twin.makeNetwork();
  const healer = await bareHealer(twin);
  const results = { ours: [], limit: [] };
  try {
    let bare = await twin.one();
    for (const { Id, Labels } of containers) {
      const slotOf = (labels) => `${labels['dev.tutti.service']}.${labels['dev.tutti.slot']}`;
      const isOurs = ({ labels }) => labels['dev.tutti.node'] === cluster.node && slotOf(labels) === slotOf(Labels);
      await sleep(PAUSE_MS);
      results.ours.push(await killAndWait(observer, Id, isOurs));
      await sleep(PAUSE_MS);
      const replaced = await killAndWait(observer, bare, twin.isOurs);
      results.limit.push(replaced);
      await docker.getContainer(bare).remove({ force: true });
      bare = replaced.id;
    }
  } finally {
    healer.close();
    await twin.clear();
  }
  return { ...results, killed: containers.map(({ Labels }) => Labels['dev.tutti.task']) };
}

/** How many of the killed tasks have an incident that says so; it may take the monitor a moment. */
async function explained(cluster, killed) {
  let found = 0;
  const look = async () => {
    const incidents = await cluster.list('incidents', APP);
    const of137 = incidents.filter(({ exitCode }) => exitCode === 137).map(({ task }) => task);
    found = killed.filter((task) => of137.includes(task)).length;
    return found === killed.length;
  };
  await until(look, { timeoutMs: 10_000, everyMs: 250 }).catch(({ cause }) => cause && console.error(cause.message));
  return found;
}

await ensureBusyboxImage(docker);
await withCluster({}, async (cluster) => {
  const observer = await observe();
  try {
    await deployed(cluster, APP, { text: compose({ sleeper: sleeper(ROUNDS) }) });
    const { ours, limit, killed } = await measure(cluster, observer);
    const incidents = await explained(cluster, killed);
    const rows = [
      { what: 'kill to start seen: tutti', ms: ours.map((one) => one.total) },
      { what: 'kill to start seen: bare', ms: limit.map((one) => one.total) },
      { what: 'die to start, engine’s clock: tutti', ms: ours.map((one) => one.fromDie) },
      { what: 'die to start, engine’s clock: bare', ms: limit.map((one) => one.fromDie) },
    ];
    printTable(rows.map(({ what, ms }) => ({ 'time in ms': what, ...summary(ms) })));
    console.log(`\n${incidents} of ${killed.length} kills have an incident with exit code 137.`);
    const pick = (key) => ({ ours: ours.map((one) => one[key]), limit: limit.map((one) => one[key]) });
    const about = { bench: 'heal', unit: 'ms' };
    printCases([
      { ...comparison({ ...about, case: 'kill-to-running' }, pick('total')), incidents },
      comparison({ ...about, case: 'die-to-running' }, pick('fromDie')),
    ]);
    await removed(cluster, APP);
    if (incidents < killed.length) process.exitCode = 1;
  } finally {
    observer.close();
  }
});
