// @ts-check
// Adds up the runs that scripts/jest-summary-reporter.js noted and prints `N passed, N failed`. Exits 1 when a run left
// no note, because Jest itself broke down, or nothing was tested at all.
import { existsSync, readFileSync } from 'node:fs';

const [file = ''] = process.argv.slice(2);
const runs = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
/** @param {'passed' | 'failed' | 'skipped'} key */
const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
const skipped = sum('skipped');
console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(runs.length > 0 ? 0 : 1);
