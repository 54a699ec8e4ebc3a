// Updates that fail, each in a way of its own, on the real command and the real engine: the version before serves all along,
// and an incident says what was wrong.
import { jest } from '@jest/globals';
import type { IncidentElement, TaskElement } from '@tutti/model';
import { BUSYBOX_IMAGE } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';

jest.setTimeout(240_000);

const REPLICAS = 2;
const SERVE = 'mkdir -p /www && cp /etc/page /www/index.html && exec httpd -f -p 80 -h /www';
const update_config = { parallelism: 1, order: 'start-first', monitor: '10s' };
const CHECK = { test: ['CMD', 'true'], interval: '300ms', retries: 2 };

/** A service that serves a page; `over` is what a deploy gets wrong. */
const file = (over: object = {}, page = 'good') =>
  compose(
    {
      web: {
        image: BUSYBOX_IMAGE,
        command: ['sh', '-c', SERVE],
        configs: [{ source: 'page', target: '/etc/page' }],
        healthcheck: CHECK,
        stop_grace_period: '1s',
        restart: 'always',
        deploy: { replicas: REPLICAS, update_config },
        ...over,
      },
    },
    { configs: { page: { content: page } } },
  );

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const tasks = async (app: string): Promise<TaskElement[]> => (await cluster.list('ps', app)) as TaskElement[];
const deploy = (app: string, input: string) => cluster.run(['deploy', '-f', '-', app], { input, timeoutMs: 200_000 });

/** The fewest tasks of the first version that ran at any time until `work` was done. */
async function fewestServing<T>(app: string, work: Promise<T>): Promise<{ fewest: number; result: T }> {
  const good = new Set((await cluster.containers({ app })).map(({ Id }) => Id));
  let [fewest, isOver] = [REPLICAS, false];
  const watching = (async () => {
    while (!isOver) {
      const running = await cluster.containers({ app }, { all: false });
      fewest = Math.min(fewest, running.filter(({ Id }) => good.has(Id)).length);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const result = await work.finally(() => (isOver = true));
  await watching;
  return { fewest, result };
}

const SYNTAX = 'test "$(head -c 4 /etc/page)" = good || { echo "syntax error in /etc/page, line 1" >&2; exit 78; }; ';

test.each<[string, string, { cause: RegExp; incident: RegExp; lines?: string[] }]>([
  [
    'a broken image: its program is not there',
    file({ command: ['/no/such/program'] }),
    { cause: /no such file|not found|could not/i, incident: /no such file|not found|executable/i },
  ],
  [
    'an image that cannot be pulled',
    file({ image: 'tutti-test/no-such-image:1' }),
    { cause: /tutti-test\/no-such-image/, incident: /tutti-test\/no-such-image/ },
  ],
  [
    'a crash after eight seconds',
    file({ command: ['sh', '-c', 'sleep 8; echo "out of luck" >&2; exit 3'] }),
    { cause: /exit code 3/, incident: /exit code 3/, lines: ['out of luck'] },
  ],
  [
    'a health check that never passes',
    file({ healthcheck: { ...CHECK, test: ['CMD', 'false'] } }),
    { cause: /unhealthy/, incident: /health check fails|unhealthy/ },
  ],
  [
    'a config with a syntax error',
    file({ command: ['sh', '-c', SYNTAX + SERVE] }, 'bad'),
    { cause: /exit code 78/, incident: /exit code 78/, lines: ['syntax error in /etc/page, line 1'] },
  ],
])('%s is rolled back', async (what, broken, { cause, incident, lines = [] }) => {
  const app = what
    .split(' ')
    .slice(1, 3)
    .join('-')
    .replace(/[^a-z-]/g, '');
  expect((await deploy(app, file({ command: ['sh', '-c', SYNTAX + SERVE] }))).code).toBe(0);
  const before = (await tasks(app)).map(({ task }) => task).sort();
  const { fewest, result } = await fewestServing(app, deploy(app, broken));
  expect({ code: result.code, fewest, said: result.stderr }).toEqual({
    code: 2,
    fewest: REPLICAS,
    said: expect.stringMatching(cause),
  });
  const after = await tasks(app);
  expect(after.map(({ task }) => task).sort()).toEqual(before);
  expect(after.every(({ revision, state }) => revision === 1 && state === 'running')).toBe(true);
  const incidents = (await cluster.list('incidents', app)) as IncidentElement[];
  expect(incidents.map((one) => one.cause).join('\n')).toMatch(incident);
  expect(incidents.find(({ kind }) => kind === 'rollout-failed')).toMatchObject({
    cause: expect.stringMatching(cause),
  });
  for (const line of lines) expect(incidents.flatMap(({ logs }) => logs)).toContainEqual(expect.stringContaining(line));
  expect((await cluster.run(['rm', app])).code).toBe(0);
});
