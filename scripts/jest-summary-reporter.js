// @ts-check
// Notes the totals of a Jest run, one JSON line a run, in the file named by JEST_SUMMARY_FILE. scripts/test adds up
// the lines and prints the sum last, after everything that Jest has to say.
import { appendFileSync } from 'node:fs';

export default class JestSummaryReporter {
  /**
   * @param {Set<unknown>} _contexts
   * @param {import('@jest/reporters').AggregatedResult} results
   */
  onRunComplete(_contexts, results) {
    const file = process.env.JEST_SUMMARY_FILE;
    if (!file) return;
    const totals = {
      passed: results.numPassedTests,
      // A test file that cannot even be loaded holds no test, and yet has failed.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    appendFileSync(file, `${JSON.stringify(totals)}\n`);
  }
}
