// What the control plane costs when nothing happens: memory and processor time of all its processes, with seven tasks
// running that have health checks, as the shop has; and how long `tutti ps` takes with thirty.
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, removed } from '../harness/applications.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker } from '../harness/docker.js';
import { resources, untilIdle } from '../harness/processes.js';
import { median, printCases, printTable, quantile, round } from '../harness/stats.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, calls: { type: 'string', default: '20' } },
});
const SECONDS = Number(values.seconds);
const CALLS = Number(values.calls);
const APP = 'bench-idle';
const TUTTI = join(import.meta.dirname, '../../tutti');
/** After a deploy, until its last records, samples and compiled code have settled. */
const SETTLE_MS = 10_000;
const LIMITS = { rssMb: 250, cpuPercent: 2, psMs: 300 };

const probed = (intervalS) => ({ healthcheck: { test: ['CMD', 'true'], interval: `${intervalS}s`, timeout: '3s' } });
const SHOP_LIKE = {
  web: sleeper(3, probed(4)),
  api: sleeper(2, probed(3)),
  worker: sleeper(1, probed(5)),
  store: sleeper(1, probed(2)),
};

/** Memory now and processor time over a while, of each process of the control plane. */
async function measureIdle(cluster) {
  const pids = Object.entries(cluster.pids());
  const before = pids.map(([, pid]) => resources(pid));
  const began = performance.now();
  await sleep(SECONDS * 1000);
  const seconds = (performance.now() - began) / 1000;
  return pids.map(([name, pid], index) => {
    const { rssMb, pssMb, cpuSeconds } = resources(pid);
    const cpuPercent = ((cpuSeconds - before[index].cpuSeconds) / seconds) * 100;
    return { process: name, rssMb: round(rssMb), pssMb: round(pssMb), cpuPercent: round(cpuPercent, 2) };
  });
}

async function measurePs(cluster) {
  const times = [];
  for (let call = 0; call < CALLS; call++) {
    const { code, ms, stdout, stderr } = await cluster.run(['ps'], { program: [TUTTI] });
    const lines = stdout.trim().split('\n').length;
    if (code !== 0 || lines < 31) throw new Error(`tutti ps ended with ${code} and ${lines} lines: ${stderr}`);
    times.push(ms);
  }
  return times;
}

await ensureBusyboxImage(docker);
await withCluster({}, async (cluster) => {
  await deployed(cluster, APP, { text: compose(SHOP_LIKE) });
  await sleep(SETTLE_MS);
  const processes = await measureIdle(cluster);
  const sum = (key) =>
    round(
      processes.reduce((total, one) => total + one[key], 0),
      2,
    );
  const total = { rssMb: sum('rssMb'), pssMb: sum('pssMb'), cpuPercent: sum('cpuPercent') };
  printTable([...processes, { process: 'all', ...total }]);
  await removed(cluster, APP);
  await deployed(cluster, APP, { text: compose({ sleeper: sleeper(30) }) });
  await untilIdle();
  const ps = await measurePs(cluster);
  console.log(
    `\ntutti ps with 30 tasks: median ${round(median(ps))} ms, slowest ${round(Math.max(...ps))} ms of ${ps.length}`,
  );
  const psCase = {
    bench: 'idle',
    case: 'ps-30',
    unit: 'ms',
    n: ps.length,
    ours: round(median(ps)),
    max: round(Math.max(...ps)),
  };
  printCases([
    { bench: 'idle', case: 'shop-7', unit: 'MB', n: 1, ours: total.rssMb, ...total, seconds: SECONDS, limits: LIMITS },
    { ...psCase, p90: round(quantile(ps, 0.9)) },
  ]);
  await removed(cluster, APP);
});
