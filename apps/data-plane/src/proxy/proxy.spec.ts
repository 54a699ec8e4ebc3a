import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { commit, freePort, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import { DEFAULT_TRAFFIC, type Endpoint, type Leaving, type ProxyRecord, type RouteRecord } from '@tutti/model';
import { eventually, startTestBus, time, type TestBus } from '@tutti/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Haproxy } from './haproxy/haproxy.js';
import { findProgram } from './haproxy/program.js';
import { startProxy } from './start.js';
import { SLOW_MS, startStand, type Stand } from './testing/tasks.js';

jest.setTimeout(60_000);

// A real HAProxy on a real bus; the records of its neighbours are written by hand.
const NODE = 'n1';
let bus: TestBus;
let operator: Connection;
let plane: RunningService;
let folder: string;
let stands: Stand[];
let port: number;
let app = 0;

const startPlane = async (): Promise<RunningService> => {
  const credentials = await bus.nodeCredentials(NODE);
  return startProxy({ node: NODE, folder, servers: [bus.url], ...(credentials && { credentials }) });
};

const stopHaproxy = async (): Promise<void> => {
  const haproxy = new Haproxy({ program: await findProgram(undefined), folder, lost: () => undefined });
  if (await haproxy.processes()) await haproxy.stop();
};

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
});
beforeEach(async () => {
  app += 1;
  folder = mkdtempSync(join(tmpdir(), 'tutti-hap-'));
  port = await freePort();
  stands = await Promise.all(['a', 'b', 'c'].map(startStand));
  plane = await startPlane();
});
afterEach(async () => {
  await plane.close();
  await stopHaproxy();
  await Promise.all(stands.map((stand) => stand.stop()));
  await commit(operator, [remove('route', keys.route(ref()), { event: 'removed' })]);
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => bus.stop());

const ref = () => ({ namespace: 'default', app: `app-${app}`, service: 'web' });
const taskOf = (index: number): string => `${index + 1}`.padStart(12, '0');

const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;
const route = (over: Partial<RouteRecord['proxy']> = {}): Promise<unknown> => {
  const published = [{ published: port, target: 80 }];
  const proxy = { ...options, protocols: {}, ...over };
  const record: RouteRecord = { ...ref(), revision: 1, networks: [], published, http: [], proxy, updatedAt: time(0) };
  return commit(operator, [put('route', record, { event: 'changed' })]);
};

/** Endpoints are those of these stands; @returns the revision that it was written with */
const endpoints = async (indexes: number[], leaving: number[] = []): Promise<number> => {
  const list = indexes.map((index): Endpoint => {
    const ports = [{ host: stands[index]?.port ?? 0, container: 80, protocol: 'tcp' as const }];
    return { task: taskOf(index), node: NODE, slot: index, addresses: {}, ports };
  });
  const gone = leaving.map((index): Leaving => ({ task: taskOf(index), node: NODE, since: time(0) }));
  const record = { ...ref(), endpoints: list, leaving: gone, updatedAt: time(0) };
  const result = await commit(operator, [put('endpoints', record, { event: 'changed' })]);
  return result.ok ? (result.revisions[0] ?? 0) : 0;
};

const record = async (): Promise<ProxyRecord | undefined> => (await get(operator, keys.proxy({ node: NODE })))?.record;
const confirmed = (revision: number): Promise<ProxyRecord> =>
  eventually(
    async () => {
      const now = await record();
      return now && now.applied >= revision ? now : undefined;
    },
    { describe: record },
  );

interface Answer {
  status: number;
  name: string;
  client: string;
}
const call = (path = '/', { agent, method = 'GET' }: { agent?: Agent; method?: string } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, path, method, ...(agent && { agent }) }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => {
        const body =
          response.statusCode === 200 ? (JSON.parse(text) as Omit<Answer, 'status'>) : { name: '', client: '' };
        resolve({ status: response.statusCode ?? 0, ...body });
      });
    });
    sent.on('error', reject);
    sent.end(method === 'POST' ? 'once' : undefined);
  });
const untilServed = (): Promise<unknown> =>
  eventually(() =>
    call().then(
      ({ status }) => status === 200,
      () => false,
    ),
  );

test('a published port is answered by the tasks, and each request of one connection goes where it is due', async () => {
  await route();
  await endpoints([0, 1]);
  await untilServed();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers = await Promise.all([1, 2, 3, 4].map(() => call('/', { agent })));
  agent.destroy();
  expect(new Set(answers.map(({ name }) => name))).toEqual(new Set(['a', 'b']));
  expect(answers[0]?.client).toBe('127.0.0.1');
  expect(await record()).toMatchObject({ node: NODE, state: 'running', inFlight: {}, problems: [] });
});

test('a task that leaves is sent nothing new, and what is in flight to it is told until it has ended', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const slow = call('/slow', { agent });
  await eventually(() => stands[0]?.seen() === 2);
  const began = Date.now();
  const revision = await endpoints([1], [0]);
  expect((await confirmed(revision)).inFlight).toEqual({ [taskOf(0)]: 1 });
  expect(Date.now() - began).toBeLessThan(SLOW_MS - 100);
  expect((await call()).name).toBe('b');
  expect((await slow).name).toBe('a');
  // The client's connection lives on, and leads elsewhere.
  expect((await call('/', { agent })).name).toBe('b');
  agent.destroy();
  await eventually(async () => Object.keys((await record())?.inFlight ?? { x: 1 }).length === 0, { describe: record });
});

test('no request is lost while tasks come and go, none of them sent twice', async () => {
  await route();
  await endpoints([0, 1, 2]);
  await untilServed();
  const before = stands.reduce((sum, stand) => sum + stand.seen(), 0);
  let isOver = false;
  const answers: Answer[] = [];
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver) answers.push(await call('/', { agent, method: answers.length % 2 ? 'POST' : 'GET' }));
    agent.destroy();
  };
  const clients = Promise.all([1, 2, 3, 4].map(client));
  for (let round = 0; round < 30; round++) {
    const leaves = round % 3;
    const stay = [0, 1, 2].filter((index) => index !== leaves);
    const { inFlight } = await confirmed(await endpoints(stay, [leaves]));
    if (inFlight[taskOf(leaves)])
      await eventually(async () => ((await record())?.inFlight[taskOf(leaves)] ?? 0) === 0, { describe: record });
    // What has been confirmed is so: nothing more comes to it.
    const seen = stands[leaves]?.seen();
    await call();
    expect(stands[leaves]?.seen()).toBe(seen);
    await endpoints([0, 1, 2]);
  }
  isOver = true;
  await clients;
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const sent = stands.reduce((sum, stand) => sum + stand.seen(), 0) - before;
  expect(sent).toBe(answers.length + 30);
});
