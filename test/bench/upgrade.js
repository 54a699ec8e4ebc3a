// A rolling upgrade of twelve containers, four at a time, new ones first: from the command to the end of the last old one,
// against the same creates and stops by bare calls on the engine, four at once. No monitor window, since waiting is no work.
// Who comes first changes with each round.
import { parseArgs } from 'node:util';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, put, removed, rolledOut } from '../harness/applications.js';
import { bareTwin } from '../harness/bare.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker, inParallel, observe } from '../harness/docker.js';
import { untilIdle } from '../harness/processes.js';
import { comparison, median, printCases, printTable, summary } from '../harness/stats.js';
import { inTurn, timeUntil } from '../harness/timing.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const REPLICAS = 12;
const PARALLELISM = 4;
const APP = 'bench-upgrade';

const file = (version) => {
  const web = sleeper(REPLICAS, { environment: { VERSION: `${version}` } });
  const update_config = { parallelism: PARALLELISM, order: 'start-first', monitor: '0s' };
  return compose({ web: { ...web, deploy: { ...web.deploy, update_config } } });
};

/** The end of the last old container: no new one ends. */
const endsOf = (isOne) => ({ action: 'die', count: REPLICAS, isOne });

async function timeOurs({ cluster, observer }, version) {
  await untilIdle();
  const isOne = ({ labels }) => labels['dev.tutti.node'] === cluster.node;
  let generation;
  const ms = await timeUntil(observer, endsOf(isOne), async () => {
    const { json } = await put(cluster, APP, { text: file(version), wait: true });
    generation = json.generation;
  });
  await rolledOut(cluster, APP, { generation });
  return ms;
}

async function timeBare({ observer, twin }) {
  await twin.makeNetwork();
  const old = await twin.many(REPLICAS, PARALLELISM);
  await untilIdle();
  const ms = await timeUntil(observer, endsOf(twin.isOurs), async () => {
    while (old.length > 0) {
      await twin.many(PARALLELISM, PARALLELISM);
      await inParallel(old.splice(0, PARALLELISM), PARALLELISM, replaced);
    }
  });
  await twin.clear();
  return ms;
}

/** Ends an old one as we do. */
async function replaced(id) {
  const container = docker.getContainer(id);
  await container.stop({ t: 10 });
  await container.remove({ v: true });
}

await ensureBusyboxImage(docker);
await withCluster({}, async (cluster) => {
  const observer = await observe();
  await deployed(cluster, APP, { text: file(0) });
  const [model] = await cluster.containers({ app: APP });
  const twin = await bareTwin(model.Id, cluster.node);
  let measured;
  let version = 0;
  try {
    measured = await inTurn(Number(values.rounds), {
      ours: () => timeOurs({ cluster, observer }, (version += 1)),
      limit: () => timeBare({ observer, twin }),
    });
    await removed(cluster, APP);
  } finally {
    observer.close();
    await twin.clear();
  }
  printTable([
    { 'time in ms': 'tutti', ...summary(measured.ours) },
    { 'time in ms': `bare, ${PARALLELISM} at once`, ...summary(measured.limit) },
  ]);
  const addedMs = Math.round(median(measured.ours) - median(measured.limit));
  printCases([comparison({ bench: 'upgrade', case: `replicas-${REPLICAS}`, unit: 'ms', addedMs }, measured)]);
});
