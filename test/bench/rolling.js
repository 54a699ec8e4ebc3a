// Requests lost while an application is changed under load: three hosts, twelve tasks of a program that exits at once on
// SIGTERM, and a client that repeats nothing, half of whose requests are POSTs. Everything that changes an application in the
// course of its life happens to it in turn; each change is a stretch of figures of its own, beside stretches of rest. Then the
// same program on Docker Swarm, on the same hosts.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { copyImage } from '../harness/docker.js';
import { startLoad } from '../harness/load/index.js';
import { nodeStandIn } from '../harness/stand-ins.js';
import { median, printCases, printTable, round } from '../harness/stats.js';
import { withLab } from '../lab/index.js';
import { YIELDING_WEIGHT } from '../lab/weights.js';
import { withOurs } from './rolling/ours.js';
import { withPeer } from './rolling/swarm.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '400' },
    requests: { type: 'string', default: '500000' },
    replicas: { type: 'string', default: '12' },
    'engine-weight': { type: 'string', default: `${YIELDING_WEIGHT}` },
    only: { type: 'string', default: '' },
    'no-swarm': { type: 'boolean', default: false },
  },
});
const REST_MS = 5000;

const isWanted = ([name]) => values.only === '' || values.only.split(',').includes(name);

/** Makes the changes in turn until so many `requests` were sent. @returns a row of figures for each stretch */
async function underLoad({ targets, changes, requests }) {
  const wanted = changes.filter(isWanted);
  if (wanted.length === 0) {
    console.log(`--only names none of: ${changes.map(([name]) => name).join(', ')}`);
    return [];
  }
  const rows = [];
  const load = startLoad({ targets, rate: Number(values.rate) });
  const note = async (change) => {
    const row = { change, ...(await load.cut()) };
    rows.push(row);
    const { failed, sent, p99, seconds, inFlight, reasons } = row;
    const lost = `${failed} of ${sent} failed`;
    console.log(`${change}: ${lost}, p99 ${round(p99)} ms, ${round(seconds)} s, ${inFlight} in flight`, reasons);
  };
  await sleep(3000);
  await load.cut();
  do {
    for (const [name, act] of wanted) {
      await sleep(REST_MS);
      await note('rest');
      await act();
      await note(name);
    }
  } while (rows.reduce((sum, { sent }) => sum + sent, 0) < requests);
  await load.stop();
  return rows;
}

const of = (rows, name) => rows.filter(({ change }) => change === name);
const p99Of = (rows) => median(rows.map(({ p99 }) => p99));

/** The figures of all stretches of one name together. */
function summed(rows, name) {
  const these = of(rows, name);
  const p99 = p99Of(these);
  return {
    name,
    n: these.length,
    requests: these.reduce((sum, { sent }) => sum + sent, 0),
    failed: these.reduce((sum, { failed }) => sum + failed, 0),
    p50: round(median(these.map((row) => row.p50))),
    p99: round(p99),
    worstP99: round(Math.max(...these.map((row) => row.p99))),
    ratio: round(p99 / p99Of(of(rows, 'rest')), 2),
  };
}

function print(who, rows) {
  if (rows.length === 0) return;
  const all = [...new Set(rows.map(({ change }) => change))].map((name) => summed(rows, name));
  console.log(`\n${who}`);
  printTable(
    all.map(({ name, n, requests, failed, p50, p99, worstP99, ratio }) => ({
      ...{ while: name, n, requests, failed },
      ...{ 'p50 ms': p50, 'p99 ms': p99, 'worst p99 ms': worstP99, 'p99 / rest': ratio },
    })),
  );
  printCases(
    all.map(({ name, n, requests, failed, p99, ratio }) => ({
      ...{ bench: 'rolling', case: `${who} ${name}`.replace(/[^a-z]+/gi, '-').toLowerCase(), unit: 'requests', n },
      ...{ ours: requests, lost: failed, p99Ms: p99, ratio },
    })),
  );
}

await withLab({ hosts: 3, engineWeight: Number(values['engine-weight']) }, async (lab) => {
  const image = await nodeStandIn();
  for (const host of lab.hosts) await copyImage(image, host.docker);
  const replicas = Number(values.replicas);
  let rows = [];
  await withOurs({ lab, image, replicas }, async ({ targets, changes }) => {
    rows = await underLoad({ targets, changes, requests: Number(values.requests) });
  });
  print('Tutti', rows);
  if (values['no-swarm']) return;
  await withPeer({ lab, image }, async ({ targets, changes }) => {
    rows = await underLoad({ targets, changes, requests: 0 });
  });
  print('Swarm', rows);
});
