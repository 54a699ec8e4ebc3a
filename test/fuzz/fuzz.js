// `npm run fuzz`: ten thousand cases of garbage against a running control plane of its own.
import { parseArgs } from 'node:util';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, removed } from '../harness/applications.js';
import { needlesslyTouched, picture } from '../harness/checks.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker } from '../harness/docker.js';
import { printCases } from '../harness/stats.js';
import { fuzz } from './cases/garbage.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const APP = 'bystander';
const SHOWN = 20;

console.log(`seed ${values.seed}`);
await ensureBusyboxImage(docker);
await withCluster({}, async (cluster) => {
  await deployed(cluster, APP, { text: compose({ web: sleeper(2) }) });
  const before = await picture(cluster, { app: APP });
  const began = performance.now();
  const { faults, ...counts } = await fuzz(cluster, { cases: Number(values.cases), seed: Number(values.seed) });
  faults.push(...needlesslyTouched(before, await picture(cluster, { app: APP })));
  for (const fault of faults.slice(0, SHOWN)) console.log(fault);
  if (faults.length > SHOWN) console.log(`… and ${faults.length - SHOWN} more`);
  const seconds = Math.round((performance.now() - began) / 1000);
  printCases([
    { bench: 'fuzz', case: 'garbage', unit: 'cases', n: counts.cases, ...counts, seconds, seed: Number(values.seed) },
  ]);
  console.log(`${counts.cases - faults.length} passed, ${faults.length} failed`);
  if (faults.length > 0) process.exitCode = 1;
  await removed(cluster, APP);
});
