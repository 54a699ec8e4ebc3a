// From the command to the last container running: ours against the same containers made by bare calls on the engine,
// as many at once as serves it best (measured first). Both sides make their network inside the clock; ours begins just
// before the HTTP request and includes checking, planning and every record on disk. Both end when one independent
// subscriber has seen the last `start`. Everything is removed, outside the clock, before the next measurement.
import { parseArgs } from 'node:util';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, put, removed } from '../harness/applications.js';
import { bareTwin } from '../harness/bare.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker, observe } from '../harness/docker.js';
import { untilIdle } from '../harness/processes.js';
import { comparison, median, printCases, printTable, summary } from '../harness/stats.js';
import { inTurn, timeUntil } from '../harness/timing.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, sizes: { type: 'string', default: '12,30' } },
});
const ROUNDS = Number(values.rounds);
const SIZES = values.sizes.split(',').map(Number);
const WIDTHS = [2, 4, 8];
const APP = 'bench-deploy';

async function timeOurs({ cluster, observer }, count) {
  await untilIdle();
  const isOne = ({ labels }) => labels['dev.tutti.node'] === cluster.node;
  const text = compose({ sleeper: sleeper(count) });
  const ms = await timeUntil(observer, { action: 'start', count, isOne }, () => put(cluster, APP, { text }));
  await removed(cluster, APP);
  return ms;
}

async function timeBare({ twin, observer }, count, width) {
  await untilIdle();
  const begin = async () => {
    await twin.makeNetwork();
    await twin.many(count, width);
  };
  const ms = await timeUntil(observer, { action: 'start', count, isOne: twin.isOurs }, begin);
  await twin.clear();
  return ms;
}

/** The number of calls at once at which the engine is fastest. */
async function bestWidth(bench, count) {
  const tried = [];
  for (const width of WIDTHS) tried.push({ width, ms: await timeBare(bench, count, width) });
  console.log(
    `bare, ${count} containers: ${tried.map(({ width, ms }) => `${width} at once ${Math.round(ms)} ms`).join(', ')}`,
  );
  return tried.sort((a, b) => a.ms - b.ms)[0].width;
}

const compare = (bench, count, width) =>
  inTurn(ROUNDS, { ours: () => timeOurs(bench, count), limit: () => timeBare(bench, count, width) });

/** One of our containers, to take the bare ones after; also the warm-up. */
async function makeTwin(cluster) {
  await deployed(cluster, APP, { text: compose({ sleeper: sleeper(2) }) });
  const [model] = await cluster.containers({ app: APP });
  const twin = await bareTwin(model.Id, cluster.node);
  await removed(cluster, APP);
  return twin;
}

await ensureBusyboxImage(docker);
await withCluster({}, async (cluster) => {
  const observer = await observe();
  const twin = await makeTwin(cluster);
  const bench = { cluster, observer, twin };
  try {
    const width = await bestWidth(bench, SIZES[0]);
    const [rows, cases] = [[], []];
    for (const size of SIZES) {
      const measured = await compare(bench, size, width);
      rows.push({ 'time in ms': `${size} containers: tutti`, ...summary(measured.ours) });
      rows.push({ 'time in ms': `${size} containers: bare, ${width} at once`, ...summary(measured.limit) });
      const added = median(measured.ours) - median(measured.limit);
      const about = {
        bench: 'deploy',
        case: `replicas-${size}`,
        unit: 'ms',
        parallelism: width,
        addedMs: Math.round(added),
      };
      cases.push(comparison(about, measured));
    }
    printTable(rows);
    printCases(cases);
  } finally {
    observer.close();
    await twin.clear();
  }
});
