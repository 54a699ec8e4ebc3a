// A new version that is judged by what its requests come to, on the real command, engine and proxy: a good one takes all of the
// traffic by itself, a bad one is taken back, and one that nobody asks for anything waits.
import { jest } from '@jest/globals';
import type { AnalysisRecord, AppAnswer, CloudEvent, IncidentElement, RevisionElement } from '@tutti/model';
import { freePort } from '@tutti/bus';
import { BUSYBOX_IMAGE, eventually } from '@tutti/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../harness/ask.js';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';

jest.setTimeout(180_000);

const CLIENTS = 3;
const LEAST = 40;
/** From the figures that are too bad to the decision, at most: the scheduler is told, and need not ask. */
const DECIDED_MS = 1000;

let cluster: Cluster;
let port: number;
beforeAll(async () => {
  [cluster, port] = [await startCluster(), await freePort()];
}, 120_000);
afterAll(() => cluster?.stop(), 60_000);

/** A program that answers each request, which `before` may have failed or take its time. */
const program = (page: string, before: string): string =>
  ['#!/bin/sh', before, `printf "HTTP/1.0 200 OK\\r\\n\\r\\n${page}\\n"`].join('\n');
/** 500 to every fifth request. */
const FAILING = `n=$(($(cat /tmp/n 2>/dev/null || echo 0) + 1)); echo $n > /tmp/n
[ $((n % 5)) = 0 ] && printf "HTTP/1.0 500 Internal Server Error\\r\\n\\r\\nwrong\\n" && exit`;
const SLOW = 'sleep 0.3';
/** 500 to each request, once its container is so many seconds old. */
const TURNING = `[ $(($(date +%s) - $(cat /tmp/began 2>/dev/null || date +%s | tee /tmp/began))) -gt 10 ] && printf "HTTP/1.0 500 Internal Server Error\\r\\n\\r\\nwrong\\n" && exit`;
/** From when too many had failed to the last that does, at most: what is promised, and as much again for a busy machine. */
const STOPPED_MS = 6000;

const MAX_ERROR_RATE = 5;
const file = (page: string, before = ':', more: object = {}) => {
  const answer = Buffer.from(program(page, before)).toString('base64');
  const serve = `mkdir -p /tmp /www/cgi-bin; echo ${answer} | base64 -d > /www/cgi-bin/web; chmod +x /www/cgi-bin/web; exec httpd -f -p 80 -h /www`;
  return compose({
    web: {
      image: BUSYBOX_IMAGE,
      command: ['sh', '-c', serve],
      ports: [`${port}:80`],
      stop_grace_period: '1s',
      deploy: { replicas: 2, update_config: { monitor: '1s' } },
      'x-tutti': {
        rollout: {
          strategy: 'canary',
          steps: [20, 50],
          analysis: { max_error_rate: `${MAX_ERROR_RATE}%`, max_latency: '150ms', min_requests: LEAST },
          ...more,
        },
      },
    },
  });
};

const deploy = (input: string, more: string[] = []) =>
  cluster.run(['deploy', '-f', '-', 'shop', ...more], { input, timeoutMs: 120_000 });
const rollout = async (): Promise<NonNullable<AppAnswer['rollout']>> => {
  const found = ((await cluster.http('GET', '/v1/apps/default/shop')).json as AppAnswer).rollout;
  if (!found) throw new Error('there is no rollout of shop');
  return found;
};

const answered = (): Promise<string> => ask({ port, path: '/cgi-bin/web' });

interface Answer {
  text: string;
  /** Epoch ms. */
  at: number;
}

/** Asks all the time while `work` is done; @returns what came, in its order */
async function asking(work: () => Promise<void>): Promise<Answer[]> {
  const answers: Answer[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) {
      const text = await answered().catch((error: unknown) => String(error));
      answers.push({ text, at: Date.now() });
      await sleep(10);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await work().finally(() => (isOver = true));
  await Promise.all(clients);
  return answers;
}
const kinds = (answers: readonly Answer[]): string[] => [...new Set(answers.map(({ text }) => text))].sort();

/** What the monitor has said of a revision, in its order. */
async function measured(revision: number): Promise<AnalysisRecord[]> {
  const text: string = await cluster.succeed([
    'events',
    '--type',
    'analysis.measured',
    '--since',
    '10m',
    '--format',
    'json',
  ]);
  const events = text.split('\n').filter((line) => line !== '');
  const records = events.map((line) => (JSON.parse(line) as CloudEvent).data as AnalysisRecord);
  return records.filter((record) => record.revision === revision);
}

test('a good version goes through all steps by itself, each once enough of its requests were good', async () => {
  expect((await deploy(file('one'))).code).toBe(0);
  await eventually(async () => (await answered().catch(() => '')) === 'one');
  const answers = await asking(async () => {
    const { code, stderr } = await deploy(file('two'));
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/step 1 of 3, 20% of the traffic; waits for \d+ more of 40/),
    ]);
  });
  expect(kinds(answers)).toEqual(['one', 'two']);
  expect(await rollout()).toMatchObject({ phase: 'done', stable: 2 });
  const figures = await measured(2);
  for (const step of [1, 2, 3]) {
    const last = figures.findLast((record) => record.step === step);
    expect(last).toMatchObject({ nodes: 1, fresh: { failed: 0 } });
    expect(last?.fresh.requests).toBeGreaterThanOrEqual(LEAST);
  }
});

test.each<[string, string, RegExp]>([
  [
    'answers 500 to every fifth request',
    FAILING,
    /web: at step [12] of 3 \(\d+% of the traffic\) [\d.]+% of (the first )?\d+ requests to its new version failed, (more than|too many for) its max_error_rate of 5%/,
  ],
  [
    'takes too long',
    SLOW,
    /web: at step 1 of 3 \(20% of the traffic\) \d+ requests to its new version took [\d.]+ ms on average, more than its max_latency of 150ms/,
  ],
])('a version that %s is rolled back by what was measured, and that says so', async (_, before, cause) => {
  const { stable = 0, revision } = await rollout();
  const answers = await asking(async () => {
    const { code, stderr } = await deploy(file('three', before));
    expect([code, stderr]).toEqual([2, expect.stringMatching(cause)]);
  });
  expect(kinds(answers).filter((answer) => !['two', 'three', 'status 500'].includes(answer))).toEqual([]);
  const { phase, rolledBack } = await rollout();
  expect([phase, rolledBack]).toEqual(['rolled-back', expect.objectContaining({ from: revision + 1, to: stable })]);

  const told = async (): Promise<IncidentElement | undefined> =>
    ((await cluster.list('incidents', 'shop')) as IncidentElement[]).find(
      ({ kind, cause: why, resolvedAt }) =>
        kind === 'rollout-failed' && why.includes(`revision ${revision + 1} `) && resolvedAt,
    );
  expect(await eventually(told, { describe: () => cluster.list('incidents', 'shop') })).toMatchObject({
    ...{ service: 'web', task: null, action: `rolled back to revision ${stable}` },
    cause: expect.stringMatching(cause),
  });
  const history = (await cluster.list('history', 'shop')) as RevisionElement[];
  expect(history[0]?.rolledBack?.cause).toMatch(cause);
  expect(await cluster.succeed(['why', 'shop/web'])).toMatch(cause);

  // The last figures are those by which it was decided: nothing was asked again.
  const last = (await measured(revision + 1)).findLast(({ updatedAt }) => updatedAt <= (rolledBack?.at ?? ''));
  expect(Date.parse(rolledBack?.at ?? '') - Date.parse(last?.updatedAt ?? '')).toBeLessThan(DECIDED_MS);
});

test('a version that goes bad while its step is kept is found out in seconds', async () => {
  const all = await asking(async () => {
    const { code, stderr } = await deploy(file('turning', TURNING, { steps: [50], pause: '2m' }));
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/at step 1 of 2 .* failed, more than its max_error_rate of 5%/),
    ]);
  });
  expect(kinds(all)).toEqual(['status 500', 'turning', 'two']);
  const answers = all.filter(({ text }) => text !== 'two');
  const failed = answers.filter(({ text }) => text !== 'turning');
  const share = (one: Answer): number => (100 * (failed.indexOf(one) + 1)) / (answers.indexOf(one) + 1);
  const passed = failed.find((one) => share(one) > MAX_ERROR_RATE);
  expect(answers.indexOf(failed[0] as Answer)).toBeGreaterThanOrEqual(LEAST);
  expect((failed.at(-1)?.at ?? Infinity) - (passed?.at ?? 0)).toBeLessThan(STOPPED_MS);
});

test('a version that nobody asks for anything waits, says for what, and goes on when a person says so', async () => {
  const { code } = await deploy(file('four'), ['--timeout', '10s']);
  expect(code).toBe(3);
  const said = /web step 1 of 3, 20% of the traffic; waits for 40 more of 40 requests to its new version/;
  await eventually(async () => said.test(await cluster.succeed(['history', 'shop'])), {
    describe: () => cluster.succeed(['history', 'shop']),
  });
  expect(await cluster.succeed(['why', 'shop/web'])).toContain(
    'and waits for 40 more of 40 requests to its new version',
  );
  expect((await rollout()).phase).toBe('progressing');
  expect((await cluster.run(['promote', 'shop', '--all'], { timeoutMs: 120_000 })).code).toBe(0);
  expect(await rollout()).toMatchObject({ phase: 'done' });
  expect(await answered()).toBe('four');
});
