import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployed, put, rolledOut, until } from '../../harness/applications.js';
import { converged, needlesslyTouched, picture } from '../../harness/checks.js';
import { compose, sleeper } from '../../harness/compose.js';
import { kill } from '../../harness/processes.js';
import type { Stage } from './stage.js';

const APP = 'survive';
const file = (replicas: number) => compose({ web: sleeper(replicas), anchor: sleeper() });

/** What happens to the control plane itself; containers must not notice. */
export function surviving(stage: Stage): void {
  beforeAll(() => deployed(stage.cluster, APP, { text: file(2) }));
  const look = () => picture(stage.cluster, { app: APP });
  const now = (web: number) => converged(stage.cluster, { app: APP, wanted: { web, anchor: 1 } });

  it('refuses a second control plane on the same folder', async () => {
    const { code, stderr } = await stage.cluster.run(['up', '--data', stage.cluster.data, '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/runs on .* already/);
  });

  it('deploys on the one that runs when `up` is asked to deploy', async () => {
    const path = join(stage.cluster.dir, 'again.yaml');
    writeFileSync(path, file(2));
    const before = await look();
    const again = ['up', '--data', stage.cluster.data, '--deploy', path, '--app', APP];
    const { code, stdout } = await stage.cluster.run(again);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/runs already[\s\S]*ready http/)]);
    expect(await look()).toEqual(before);
  });

  it('adopts what runs after an orderly restart', async () => {
    const before = await look();
    await stage.cluster.down();
    expect(await look()).toEqual(before);
    await stage.cluster.up();
    await until(async () => (await stage.cluster.run(['status'])).code === 0, { timeoutMs: 20_000, what: 'health' });
    expect(needlesslyTouched(before, await now(2))).toEqual([]);
  });

  it('does what was asked though the bus is killed meanwhile', async () => {
    const before = await look();
    const { json } = await put(stage.cluster, APP, { text: file(4), wait: true });
    kill(stage.cluster.pids()['nats-server']);
    await rolledOut(stage.cluster, APP, { generation: json.generation });
    expect(needlesslyTouched(before, await now(4))).toEqual([]);
  });

  it('does what was asked though the whole control plane is killed meanwhile', async () => {
    const before = await look();
    const { json } = await put(stage.cluster, APP, { text: file(6), wait: true });
    stage.cluster.crash();
    await stage.cluster.up();
    await rolledOut(stage.cluster, APP, { generation: json.generation });
    expect(needlesslyTouched(before, await now(6))).toEqual([]);
    expect(await stage.cluster.list('incidents', APP)).toEqual([]);
    expect((await stage.cluster.run(['rm', APP])).code).toBe(0);
  });
}
