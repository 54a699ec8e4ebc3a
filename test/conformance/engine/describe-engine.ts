import { describeErrors } from './errors.js';
import { describeEvents } from './events.js';
import { Workbench, type Harness } from './harness.js';
import { describeLifecycle } from './lifecycle.js';
import { describeLogs } from './logs.js';
import { describeResources } from './resources.js';

/** Holds a driver to the port's promises. */
export function describeEngine(driver: string, open: () => Promise<Harness>): void {
  describe(`${driver} engine`, () => {
    let harness: Harness;
    let bench: Workbench;
    beforeAll(async () => {
      harness = await open();
    });
    beforeEach(() => {
      bench = new Workbench(harness);
    });
    afterEach(() => bench.clear());
    afterAll(() => harness.close());

    const current = (): Workbench => bench;
    describeLifecycle(current);
    describeEvents(current);
    describeLogs(current);
    describeResources(current);
    describeErrors(current);
  });
}
