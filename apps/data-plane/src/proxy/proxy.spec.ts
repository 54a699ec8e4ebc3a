import { expect, jest, test } from '@jest/globals';
import { freePort, subjects } from '@tutti/bus';
import type { Endpoint } from '@tutti/model';
import { eventually } from '@tutti/testing';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { NODE, useRig } from '../testing/rig.js';
import { SLOW_MS, startStand } from '../testing/tasks.js';

jest.setTimeout(60_000);

const rig = useRig();
const { ref, taskOf, route, endpoints, record, confirmed, quiet } = rig;

interface Answer {
  status: number;
  name: string;
  client: string;
  url?: string;
}
interface Call extends RequestOptions {
  method?: string;
}
const call = (path = '/', over: Call = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ port: rig.port, path, ...over }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const body = status === 200 ? (JSON.parse(text) as Omit<Answer, 'status'>) : { name: '', client: '' };
        resolve({ status, ...body });
      });
    });
    sent.on('error', reject);
    sent.end(over.method === 'POST' ? 'once' : undefined);
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

test('what HAProxy has counted for a service is published', async () => {
  await route();
  await endpoints([0, 1]);
  await untilServed();
  const told: string[] = [];
  const listening = rig.operator.nc.subscribe(subjects.samples(NODE), {
    callback: (_error, message) => void told.push(message.string()),
  });
  await call('/', { method: 'POST' });
  interface Told {
    services: { app: string; answers: Record<string, number> }[];
  }
  const ours = () =>
    (JSON.parse(told.at(-1) ?? '{"services":[]}') as Told).services.find(({ app: name }) => name === ref().app);
  await eventually(() => (ours()?.answers['2xx'] ?? 0) >= 2, { describe: () => told.at(-1) });
  listening.unsubscribe();
});

test('a task that leaves is sent nothing new, and what is in flight to it is told until it has ended', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const slow = call('/slow', { agent });
  await eventually(() => rig.stands[0]?.seen() === 2);
  const began = Date.now();
  const revision = await endpoints([1], [0]);
  expect((await confirmed(revision)).inFlight).toEqual({ [taskOf(0)]: 1 });
  expect(Date.now() - began).toBeLessThan(SLOW_MS - 100);
  expect((await call()).name).toBe('b');
  expect((await slow).name).toBe('a');
  // The client's connection lives on, and leads elsewhere.
  expect((await call('/', { agent })).name).toBe('b');
  agent.destroy();
  await quiet();
});

test('no request is lost while tasks come and go, none of them sent twice', async () => {
  await route();
  await endpoints([0, 1, 2]);
  await untilServed();
  const before = rig.stands.reduce((sum, stand) => sum + stand.seen(), 0);
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
    const seen = rig.stands[leaves]?.seen();
    await call();
    expect(rig.stands[leaves]?.seen()).toBe(seen);
    await endpoints([0, 1, 2]);
  }
  isOver = true;
  await clients;
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const sent = rig.stands.reduce((sum, stand) => sum + stand.seen(), 0) - before;
  expect(sent).toBe(answers.length + 30);
});

test('host names and paths lead to services; what nobody asked for is not found', async () => {
  const http = [
    { host: 'shop.example', target: 80 },
    { host: '*.shop.example', path: '/api/', target: 80, stripPath: true },
    { path: '/any', target: 80 },
  ];
  await route({}, { published: [], http });
  await endpoints([0]);
  const ask = (host: string, path: string): Promise<Answer> => call(path, { port: rig.httpPort, headers: { host } });
  await eventually(() =>
    ask('shop.example', '/').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  expect(await ask('shop.example:80', '/x?y=1')).toMatchObject({ status: 200, url: '/x?y=1' });
  expect(await ask('eu.shop.example', '/api/orders')).toMatchObject({ status: 200, url: '/orders' });
  expect(await ask('eu.shop.example', '/api')).toMatchObject({ status: 200, url: '/' });
  expect(await ask('eu.shop.example', '/apiary')).toMatchObject({ status: 404 });
  expect(await ask('a.eu.shop.example', '/api')).toMatchObject({ status: 404 });
  expect(await ask('else.example', '/any/thing')).toMatchObject({ status: 200, url: '/any/thing' });
  expect(await ask('else.example', '/')).toMatchObject({ status: 404 });
});

test('a dead task costs no new request, and a request that it had got is not repeated', async () => {
  await route();
  await endpoints([0, 1]);
  await untilServed();
  await rig.stands[0]?.stop();
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('/', { method: 'POST' })));
  expect(new Set(answers.map(({ status, name }) => `${status} ${name}`))).toEqual(new Set(['200 b']));
  const seen = rig.stands[1]?.seen() ?? 0;
  await endpoints([1, 2]);
  // On a connection that had served before, HAProxy says nothing; else it says 502.
  const broken = (): Promise<number> =>
    call('/break', { method: 'POST' }).then(
      ({ status }) => status,
      () => 502,
    );
  expect(await Promise.all([broken(), broken(), broken()])).toEqual([502, 502, 502]);
  expect((rig.stands[1]?.seen() ?? 0) - seen + (rig.stands[2]?.seen() ?? 0)).toBe(3);
});

test('HAProxy goes before others; killed it is there again at once, with all it had', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  await confirmed(await endpoints([1]));
  const haproxy = await rig.haproxy();
  const pid = await haproxy.masterPid();
  const [worker = 0] = (await haproxy.processes())?.current ?? [];
  expect(getPriority(worker)).toBe(process.getuid?.() === 0 ? -5 : getPriority());
  process.kill(pid ?? 0, 'SIGKILL');
  await eventually(async () => (await haproxy.masterPid().catch(() => pid)) !== pid, { timeoutMs: 10_000 });
  await untilServed();
  expect((await call()).name).toBe('b');
});

test('an agent that comes back takes over the HAProxy that went on, and corrects what has changed', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  const haproxy = await rig.haproxy();
  const before = await haproxy.processes();
  const slow = call('/slow');
  await eventually(() => rig.stands[0]?.seen() === 2);
  await rig.plane.close();
  expect((await call()).name).toBe('a');
  const revision = await endpoints([1], [0]);
  rig.plane = await rig.startPlane();
  // Which task it was is not known any more: nothing is said to be free of requests before all of them are.
  expect((await confirmed(revision)).inFlight).toEqual({ [taskOf(0)]: 1 });
  expect((await call()).name).toBe('b');
  await slow;
  await quiet();
  expect(await haproxy.processes()).toEqual(before);
});

test('a new front end interrupts nothing, and a process that was replaced is told of drains, too', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const slow = call('/slow', { agent, method: 'POST' });
  await eventually(() => rig.stands[0]?.seen() === 2);
  const second = await freePort();
  await route({}, { published: [rig.port, second].map((published) => ({ published, target: 80 })) });
  await eventually(() =>
    call('/', { port: second }).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  const revision = await endpoints([1], [0]);
  expect((await confirmed(revision)).inFlight).toEqual({ [taskOf(0)]: 1 });
  expect((await slow).name).toBe('a');
  expect((await call('/', { agent })).name).toBe('b');
  await quiet();
  agent.destroy();
});

test('a port that somebody else holds is left out and said; the rest works', async () => {
  const taken = await startStand('else');
  await route({}, { published: [rig.port, taken.port].map((published) => ({ published, target: 80 })) });
  await endpoints([0]);
  await untilServed();
  const problems = await eventually(async () => (await record())?.problems[0], { describe: record });
  expect(problems).toEqual({ port: taken.port, reason: expect.stringContaining('somebody else listens there') });
  await taken.stop();
});

test('a service whose part HAProxy refuses is left out and said, in its words; the rest works', async () => {
  await rig.plane.close();
  const choosy = join(rig.folder, 'choosy');
  const refuse = `for last; do :; done; [ "$1" = -c ] && grep -q :bad: "$last" && echo '[ALERT] (1) : not that' && exit 1`;
  writeFileSync(choosy, `#!/bin/sh\n${refuse}\nexec haproxy "$@"\n`, { mode: 0o755 });
  rig.plane = await rig.startPlane(choosy);
  await route({}, { service: 'bad', published: [{ published: await freePort(), target: 80 }] });
  await route();
  await endpoints([0]);
  await untilServed();
  const reason = `HAProxy refuses what default/${ref().app}/bad asks for: not that`;
  await eventually(async () => (await record())?.problems.some((problem) => problem.reason === reason), {
    describe: record,
  });
  await rig.unroute('bad');
});

test('a plain stream of bytes and a WebSocket pass, and count as in flight until they end', async () => {
  await route();
  await endpoints([0]);
  await untilServed();
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  };
  const socket = request({ port: rig.port, path: '/ws', headers }).end();
  const [, upgraded] = (await once(socket, 'upgrade')) as [unknown, Socket];
  upgraded.write('hello');
  expect(String((await once(upgraded, 'data'))[0])).toBe('hello');
  const revision = await endpoints([1], [0]);
  expect((await confirmed(revision)).inFlight).toEqual({ [taskOf(0)]: 1 });
  upgraded.end();
  await quiet();
});

test('limits hold: requests a second of one client, and failures until a task is left out', async () => {
  await route({ limits: { ratePerClient: 5 } });
  await endpoints([0]);
  await untilServed();
  const answers = await Promise.all(Array.from({ length: 20 }, () => call()));
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(10);
  await route({ ejectAfter: 3 });
  await endpoints([0, 1]);
  const many = (): Promise<Answer[]> => Promise.all(Array.from({ length: 10 }, () => call()));
  await eventually(async () => (await many()).every(({ status }) => status === 200));
  await rig.stands[0]?.stop();
  const after = await Promise.all(Array.from({ length: 20 }, () => call()));
  expect(new Set(after.map(({ name, status }) => `${status} ${name}`))).toEqual(new Set(['200 b']));
});

test('of many tasks that do not listen yet none costs a request, and each is sent to once it does', async () => {
  await route();
  const ports = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  await endpoints([0]);
  await untilServed();
  const refusing = ports.map((host, index): Endpoint => {
    const task = taskOf(index + 5);
    return { task, node: NODE, slot: 9, addresses: {}, ports: [{ host, container: 80, protocol: 'tcp' }] };
  });
  await confirmed(await endpoints([0], [], refusing));
  const answers: Answer[] = [];
  for (let round = 0; round < 10; round++)
    answers.push(...(await Promise.all([1, 2, 3, 4].map(() => call('/', { method: 'POST', agent: false })))));
  expect(new Set(answers.map(({ status, name }) => `${status} ${name}`))).toEqual(new Set(['200 a']));
  const late = await startStand('late', ports[0]);
  await eventually(async () => (await call('/', { agent: false })).name === 'late', { timeoutMs: 5000 });
  await late.stop();
});

test('bytes that are not HTTP are not held up', async () => {
  await route();
  const echo = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const host = (echo.address() as AddressInfo).port;
  const endpoint = {
    task: taskOf(7),
    node: NODE,
    slot: 9,
    addresses: {},
    ports: [{ host, container: 80, protocol: 'tcp' as const }],
  };
  await confirmed(await endpoints([], [], [endpoint]));
  const began = Date.now();
  const said = await eventually(() => say('hello\n').catch(() => undefined));
  expect(said).toBe('hello\n');
  expect(Date.now() - began).toBeLessThan(900);
  echo.close();
});

function say(words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(rig.port, '127.0.0.1', () => socket.write(words));
    socket.on('data', (piece: Buffer) => {
      socket.destroy();
      resolve(piece.toString());
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}
