// A new version that takes over step by step, on the real command, engine and proxy: its share of the traffic is what the file
// says, a person promotes it or gives it up, and no request is lost.
import { jest } from '@jest/globals';
import type { AppAnswer, TaskElement } from '@tutti/model';
import { freePort } from '@tutti/bus';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { ask } from '../harness/ask.js';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';

jest.setTimeout(180_000);

const REPLICAS = 3;
const REQUESTS = 200;
/** How far a share may be off, in per cent of all requests: a turn of HAProxy's weighted round robin is no longer. */
const OFF = 5;

let cluster: Cluster;
let port: number;
beforeAll(async () => {
  [cluster, port] = [await startCluster(), await freePort()];
}, 120_000);
afterAll(() => cluster?.stop(), 60_000);

const file = (page: string, rollout: unknown, command = 'exec httpd -f -p 80 -h /www') =>
  compose({
    web: {
      image: BUSYBOX_IMAGE,
      command: ['sh', '-c', `mkdir -p /www && echo ${page} > /www/index.html && ${command}`],
      ports: [`${port}:80`],
      stop_grace_period: '1s',
      deploy: { replicas: REPLICAS, update_config: { monitor: '2s' } },
      'x-tutti': { rollout },
    },
  });

const deploy = (input: string) => cluster.run(['deploy', '-f', '-', 'shop'], { input, timeoutMs: 120_000 });
const rollout = async (): Promise<AppAnswer['rollout']> =>
  ((await cluster.http('GET', '/v1/apps/default/shop')).json as AppAnswer).rollout;
const tasks = async (): Promise<string[]> =>
  ((await cluster.list('ps', 'shop')) as TaskElement[]).flatMap(({ task }) => task ?? []).sort();

const answered = (): Promise<string> => ask({ port });

/**
 * Asks one request after the other while `work` is done, as the only client: a second one would take turns with it among
 * the tasks, and the share that either sees would be off by as much. `work` is given what tells the share of a page, in
 * per cent, of the next requests; the answers that are none of `pages` come back.
 */
async function asking(pages: readonly string[], work: (shareOf: (page: string) => Promise<number>) => Promise<void>) {
  const answers: string[] = [];
  let isOver = false;
  const client = (async () => {
    while (!isOver) answers.push(await answered().catch((error: unknown) => String(error)));
  })();
  const shareOf = async (page: string): Promise<number> => {
    // The request that is under way may have been given a task by the shares before.
    const from = answers.length + 1;
    await eventually(() => answers.length >= from + REQUESTS);
    const counted = answers.slice(from, from + REQUESTS);
    return (100 * counted.filter((answer) => answer === page).length) / REQUESTS;
  };
  await work(shareOf).finally(() => (isOver = true));
  await client;
  return answers.filter((answer) => !pages.includes(answer));
}

test('a canary takes its share, goes on when it is promoted, and back when it is aborted', async () => {
  const canary = { strategy: 'canary', steps: [20, 50] };
  expect((await deploy(file('one', canary))).code).toBe(0);
  await eventually(async () => (await answered().catch(() => '')) === 'one');
  const before = await tasks();

  const wrong = await asking(['one', 'two'], async (shareOf) => {
    const first = await deploy(file('two', canary));
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/web step 1 of 3, 20% of the traffic; waits/),
    ]);
    expect((await tasks()).length).toBe(REPLICAS + 1);
    expect(Math.abs((await shareOf('two')) - 20)).toBeLessThan(OFF);
    const history = await cluster.run(['history', 'shop']);
    expect(history.stdout).toContain('web step 1 of 3, 20% of the traffic');

    const second = await cluster.run(['promote', 'shop/web']);
    expect([second.code, second.stdout]).toEqual([
      0,
      expect.stringMatching(/web step 2 of 3, 50% of the traffic; waits/),
    ]);
    expect(Math.abs((await shareOf('two')) - 50)).toBeLessThan(OFF);

    const aborted = await cluster.run(['abort', 'shop']);
    expect([aborted.code, aborted.stderr]).toEqual([0, expect.stringContaining('revision 2 was aborted')]);
    expect(await tasks()).toEqual(before);
    expect(await shareOf('one')).toBe(100);

    expect((await deploy(file('two', canary))).code).toBe(0);
    const all = await cluster.run(['promote', 'shop', '--all'], { timeoutMs: 120_000 });
    expect([all.code, all.stdout]).toEqual([0, expect.stringContaining('shop promoted')]);
    expect(await rollout()).toMatchObject({ phase: 'done', stable: 3 });
    expect(await shareOf('two')).toBe(100);
  });
  expect(wrong).toEqual([]);
});

test('blue-green moves all traffic at once, and a version that fails never gets any', async () => {
  const before = await tasks();
  const wrong = await asking(['two'], async () => {
    const failed = await deploy(file('three', 'blue-green', 'sleep 1; exit 3'));
    expect([failed.code, failed.stderr]).toEqual([2, expect.stringMatching(/was rolled back|rolled back/)]);
    expect(await tasks()).toEqual(before);
  });
  expect(wrong).toEqual([]);
  const lost = await asking(['two', 'four'], async (shareOf) => {
    expect((await deploy(file('four', 'blue-green'))).code).toBe(0);
    expect(await shareOf('four')).toBe(100);
  });
  expect(lost).toEqual([]);
});

test('nothing is to be promoted, or aborted, when nothing is under way', async () => {
  const promoted = await cluster.run(['promote', 'shop']);
  expect([promoted.code, promoted.stderr]).toEqual([
    1,
    expect.stringContaining('no new version of shop is to be promoted'),
  ]);
  const aborted = await cluster.run(['abort', 'shop']);
  expect([aborted.code, aborted.stderr]).toEqual([1, expect.stringContaining('nothing of shop is being rolled out')]);
});
