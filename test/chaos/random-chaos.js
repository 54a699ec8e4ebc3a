// Cuts, kills, pauses, bad wires and stalled engines at random, while applications are deployed, scaled, rolled back and
// removed on three hosts. The same seed asks and breaks the same things in the same order; how they meet is up to the clock.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printCases, printTable } from '../harness/stats.js';
import { randomRun } from './random/run.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
console.log(`seed ${seed}`);
const result = await randomRun({
  seed,
  ms: Number(values.minutes) * 60_000,
  root: resolve(fileURLToPath(new URL('../..', import.meta.url))),
  say: (line) => console.error(line),
});
printTable(Object.entries(result.counts).map(([broken, times]) => ({ broken, times })));
for (const fault of result.faults) console.log(`BROKEN: ${fault}`);
for (const line of result.evidence) console.error(line);
if (result.faults.length > 0) console.error(`--- up said last:\n${result.output.slice(-6000)}`);
const { commands, events, restMs } = result;
const about = { bench: 'chaos', case: 'random', unit: 'faults', seed, minutes: Number(values.minutes) };
printCases([
  {
    ...about,
    n: Object.values(result.counts).reduce((a, b) => a + b, 0),
    commands,
    events,
    restMs,
    failed: result.faults.length,
  },
]);
console.log(`${result.faults.length === 0 ? 1 : 0} passed, ${result.faults.length > 0 ? 1 : 0} failed`);
process.exitCode = result.faults.length > 0 ? 1 : 0;
