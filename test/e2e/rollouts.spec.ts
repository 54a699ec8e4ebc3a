// Updates that fail, on a real engine: each ends rolled back, the old version serves all along, and it is said why.
import { jest } from '@jest/globals';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import type { AppAnswer, IncidentElement, RevisionElement, TaskElement } from '@tutti/model';
import { startCluster, type Cluster } from '../harness/cluster.js';

jest.setTimeout(180_000);

const LOOP = 'trap "exit 0" TERM; while :; do sleep 1 & wait; done';

interface Version {
  command?: string;
  image?: string;
  check?: string;
  monitor?: string;
}

const file = ({ command = LOOP, image = BUSYBOX_IMAGE, check, monitor = '2s' }: Version = {}): string => `
services:
  web:
    image: ${image}
    command: ["sh", "-c", ${JSON.stringify(command)}]
    stop_grace_period: 2s
    ${check === undefined ? '' : `healthcheck: { test: ["CMD", "${check}"], interval: 300ms, retries: 2 }`}
    deploy:
      replicas: 3
      update_config: { monitor: ${monitor} }
      rollback_config: { monitor: 0s, parallelism: 0 }
`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
}, 120_000);

afterAll(() => cluster?.stop(), 60_000);

const deploy = (app: string, text: string) => cluster.run(['deploy', '-f', '-', app], { input: text });
const running = async (app: string): Promise<TaskElement[]> =>
  ((await cluster.list('ps', app)) as TaskElement[]).filter(
    ({ state, desired }) => state === 'running' && desired === 'run',
  );
const answer = async (app: string): Promise<AppAnswer> =>
  (await cluster.http('GET', `/v1/apps/default/${app}`)).json as AppAnswer;
const history = async (app: string): Promise<RevisionElement[]> =>
  (await cluster.http('GET', `/v1/apps/default/${app}/revisions`)).json as RevisionElement[];

// What else can be wrong with a version: rollbacks.spec.ts.
describe.each<[string, Version, RegExp]>([
  ['exits', { command: 'echo "app.conf:3: syntax error" >&2; exit 78' }, /web\.1 on \S+: exit code 78/],
])('a new version that %s', (app, version, cause) => {
  test('is rolled back, while the old one serves all along', async () => {
    expect((await deploy(app, file())).code).toBe(0);
    const before = (await running(app)).map(({ task }) => task).sort();
    const { code, stderr } = await deploy(app, file(version));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/revision 2 failed and was rolled back to revision 1/)]);
    expect(stderr).toMatch(cause);
    // None of its tasks was ever touched.
    expect((await running(app)).map(({ task }) => task).sort()).toEqual(before);
    const { rollout } = await answer(app);
    expect(rollout).toMatchObject({ phase: 'rolled-back', revision: 2, target: 1, stable: 1 });
    const told = async (): Promise<IncidentElement | undefined> =>
      ((await cluster.list('incidents', app)) as IncidentElement[]).find(({ kind }) => kind === 'rollout-failed');
    const incident = await eventually(async () => ((await told())?.resolvedAt ? told() : undefined), {
      describe: told,
    });
    expect(incident).toMatchObject({ action: 'rolled back to revision 1', cause: expect.stringMatching(cause) });
    if (app === 'exits') expect(incident?.exitCode).toBe(78);
    const shown = (await history(app)).map(({ revision, inEffect, rolledBack }) => [
      revision,
      inEffect,
      rolledBack?.to,
    ]);
    expect(shown).toEqual([
      [2, false, 1],
      [1, true, undefined],
    ]);
  });
});

test('the same file again is tried again, a good one ends it, and what is rolled back by hand goes further back', async () => {
  const app = 'again';
  expect((await deploy(app, file())).code).toBe(0);
  expect((await deploy(app, file({ command: `: second; ${LOOP}` }))).code).toBe(0);
  const bad = file({ command: 'exit 3' });
  for (const revision of [3, 4]) {
    const { code, stderr } = await deploy(app, bad);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`revision ${revision} failed and was rolled back to revision 2`),
    ]);
  }
  expect((await cluster.run(['rollback', app])).code).toBe(0);
  expect((await answer(app)).revision).toMatchObject({ revision: 5, rollbackOf: 1 });
  const { rollout } = await answer(app);
  expect(rollout).toMatchObject({ phase: 'done', stable: 5 });
  expect(rollout?.givenUp?.map(({ from }) => from)).toEqual([3, 4]);
});

test('a crash loop soon after undoes what was done', async () => {
  const app = 'soon';
  expect((await deploy(app, file())).code).toBe(0);
  const { code } = await deploy(app, file({ command: 'sleep 8; exit 1', monitor: '1s' }));
  expect([0, 2]).toContain(code);
  await eventually(async () => (await answer(app)).rollout?.phase === 'rolled-back', {
    timeoutMs: 90_000,
    describe: () => answer(app),
  });
  expect((await running(app)).length).toBe(3);
});
