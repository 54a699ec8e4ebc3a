// What else clients and tasks may speak, and what a service may ask of its proxies, on a real HAProxy.
import { expect, jest, test } from '@jest/globals';
import { commit, freePort, put, remove, keys } from '@tutti/bus';
import type { Endpoint, NodeRecord } from '@tutti/model';
import { eventually, time } from '@tutti/testing';
import { once } from 'node:events';
import { get as ask, createServer as createHttp } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { NODE, useRig } from '../testing/rig.js';

jest.setTimeout(60_000);

const rig = useRig();
const { route, endpoints, confirmed, record } = rig;

interface Answer {
  status: number;
  name?: string;
  client?: string;
}

/** One request on a connection of its own. */
const call = (host = '127.0.0.1', port = rig.port, path = '/'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = ask({ host, port, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        resolve({ status, ...(status === 200 && (JSON.parse(text) as Answer)) });
      });
    });
    sent.on('error', reject);
  });
const untilServed = (): Promise<unknown> =>
  eventually(async () => (await call().catch(() => undefined))?.status === 200, { describe: record });

async function listening(server: Server | ReturnType<typeof createHttp2>, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('gRPC comes and goes by HTTP/2 without TLS: many calls on one connection, each to the task that is due, trailers and all', async () => {
  const servers = ['a', 'b'].map((name) => {
    const server = createHttp2();
    server.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-task': name }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-path': headers[':path'] }));
      stream.pipe(stream);
    });
    return server;
  });
  const ports = await Promise.all(servers.map((server) => listening(server)));
  await route({ balance: 'roundrobin', protocols: { 80: 'grpc' } });
  await confirmed(
    await endpoints(
      [],
      [],
      ports.map((port, index) => rig.endpoint(index, port)),
    ),
  );
  const session = await eventually(() => open().catch(() => undefined), { describe: record });
  const answers = await Promise.all([1, 2, 3, 4].map((turn) => grpc(session, `/shop.Cart/Get${turn}`, `call ${turn}`)));
  expect(answers.map(({ text, path, status }) => [text, path, status])).toEqual(
    [1, 2, 3, 4].map((turn) => [`call ${turn}`, `/shop.Cart/Get${turn}`, '0']),
  );
  expect(new Set(answers.map(({ task }) => task))).toEqual(new Set(['a', 'b']));
  session.destroy();
  servers.forEach((server) => server.close());
});

type Session = ReturnType<typeof connectHttp2>;

async function open(): Promise<Session> {
  const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
  session.on('error', () => undefined);
  await once(session, 'remoteSettings');
  return session;
}

async function grpc(session: Session, path: string, body: string) {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': path },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  });
  stream.end(body);
  let task: unknown;
  let trailers: Record<string, unknown> = {};
  stream.on('response', (headers) => (task = headers['x-task']));
  stream.on('trailers', (headers) => (trailers = headers));
  let text = '';
  stream.on('data', (piece: Buffer) => (text += piece.toString()));
  await once(stream, 'close');
  return { text, task, path: trailers['x-path'], status: trailers['grpc-status'] };
}

/** A task that says back what it has received first. */
async function hearing(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (piece: Buffer) => socket.end(piece));
  });
  return { server, port: await listening(server) };
}

/** Says something over a connection. @returns the client's own port, and what came back */
function say(words: string, host = '127.0.0.1'): Promise<{ own: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(rig.port, host, () => socket.write(words));
    const own = (): number => socket.localPort ?? 0;
    let from = 0;
    let text = '';
    socket.once('connect', () => (from = own()));
    socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => (text === '' ? reject(new Error('closed')) : resolve({ own: from, text })));
  });
}

const saidOnce = (words: string, host?: string) =>
  eventually(() => say(words, host).catch(() => undefined), { describe: record });

test('a task that takes the PROXY protocol is told who has connected, in either version and by either family', async () => {
  const { server, port } = await hearing();
  const protocols = { 80: 'tcp' as const };
  await route({ sendProxy: 'v1', protocols });
  await confirmed(await endpoints([], [], [rig.endpoint(7, port)]));
  const first = await saidOnce('hello');
  expect(first.text).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${first.own} ${rig.port}\r\nhello`);
  const other = await saidOnce('hello', '::1');
  expect(other.text).toBe(`PROXY TCP6 ::1 ::1 ${other.own} ${rig.port}\r\nhello`);
  await route({ sendProxy: 'v2', protocols });
  const second = await eventually(async () => {
    const now = await say('hello').catch(() => undefined);
    return now?.text.startsWith('\r\n\r\n\0\r\nQUIT\n') && now;
  });
  const bytes = Buffer.from(second.text, 'latin1');
  // A stream of IPv4: both addresses, then both ports.
  expect([...bytes.subarray(12, 24)]).toEqual([0x21, 0x11, 0, 12, 127, 0, 0, 1, 127, 0, 0, 1]);
  expect([bytes.readUInt16BE(24), bytes.readUInt16BE(26)]).toEqual([second.own, rig.port]);
  server.close();
});

test('clients of IPv6 are served where clients of IPv4 are, and are known by their addresses', async () => {
  await route({}, { http: [{ host: 'localhost', target: 80 }] });
  await confirmed(await endpoints([0]));
  await untilServed();
  expect(await call('::1')).toMatchObject({ status: 200, client: '::1' });
  expect(await call('127.0.0.1')).toMatchObject({ status: 200, client: '127.0.0.1' });
  expect((await call('localhost', rig.httpPort)).status).toBe(200);
  const own = await freePort();
  await route({}, { published: [{ published: own, target: 80, hostIp: '0.0.0.0' }] });
  await eventually(async () => (await call('127.0.0.1', own).catch(() => undefined))?.status === 200);
  await expect(call('::1', own)).rejects.toThrow('ECONNREFUSED');
});

test('a port that somebody else holds for IPv6 only is left out and said', async () => {
  const other = createHttp();
  other.listen({ port: rig.port, host: '::', ipv6Only: true });
  await once(other, 'listening');
  await route();
  await endpoints([0]);
  const told = await eventually(async () => (await record())?.problems.find(({ port }) => port === rig.port));
  expect(told.reason).toBe(`port ${rig.port} of :: cannot be listened on: somebody else listens there already`);
  other.close();
});

test('tasks of the proxy’s own zone come first; others are asked when there are none, and no longer when there are', async () => {
  const nodes = { [NODE]: 'west', n2: 'east' };
  for (const [node, zone] of Object.entries(nodes))
    await commit(rig.operator, [put('node', nodeOf(node, zone), { event: 'joined' })]);
  // On this machine all the same: what its node publishes.
  const far: Endpoint = { ...rig.endpoint(1, rig.stands[1]?.port ?? 0), node: 'n2' };
  await route({ zoneFirst: true });
  await confirmed(await endpoints([0], [], [far]));
  await untilServed();
  const names = async () =>
    new Set((await Promise.all(Array.from({ length: 8 }, () => call()))).map(({ name }) => name));
  expect(await names()).toEqual(new Set(['a']));
  await confirmed(await endpoints([], [0], [far]));
  expect(await names()).toEqual(new Set(['b']));
  await confirmed(await endpoints([2], [], [far]));
  expect(await names()).toEqual(new Set(['c']));
  for (const node of Object.keys(nodes))
    await commit(rig.operator, [remove('node', keys.node({ node }), { event: 'removed' })]);
});

const nodeOf = (node: string, zone: string): NodeRecord => ({
  node,
  labels: { zone },
  engine: { kind: 'process', version: '1', apiVersion: '1', os: 'linux', arch: 'x86_64' },
  capacity: { cpuMillis: 1000, memoryBytes: 1e9 },
  address: '127.0.0.1',
  leaseTtlMs: 3000,
  startedAt: time(0),
});

test('a task never has more than so many requests at once: further connections wait, further requests by host name are refused', async () => {
  let [now, most] = [0, 0];
  const busy = createHttp((request, response) => {
    most = Math.max(most, ++now);
    setTimeout(() => (now--, response.end('{}')), request.url === '/' ? 0 : 300);
  });
  const port = await listening(busy as unknown as Server);
  await route({ limits: { connections: 2 } }, { http: [{ target: 80 }] });
  await confirmed(await endpoints([], [], [rig.endpoint(6, port)]));
  await untilServed();
  const many = async (at: number): Promise<number[]> => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => call('127.0.0.1', at, '/long')));
    return answers.map(({ status }) => status).sort();
  };
  expect(await many(rig.port)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(await many(rig.httpPort)).toEqual([200, 200, 503, 503, 503, 503]);
  expect(most).toBe(2);
  expect((await call()).status).toBe(200);
  busy.close();
});

test('a task that answers with failures is left out after so many in a row, and comes back', async () => {
  const broken = createHttp((_request, response) => response.writeHead(500).end());
  const port = await listening(broken as unknown as Server);
  await route({ ejectAfter: 3, balance: 'roundrobin' });
  await confirmed(await endpoints([0], [], [rig.endpoint(5, port)]));
  await untilServed();
  const statuses: number[] = [];
  for (let turn = 0; turn < 12; turn++) statuses.push((await call()).status);
  // It lets itself be connected to, so it is asked again now and then.
  expect(statuses.filter((status) => status === 500).length).toBeGreaterThanOrEqual(3);
  expect(statuses.filter((status) => status === 500).length).toBeLessThan(6);
  await eventually(async () => (await call()).status === 500, { timeoutMs: 5000 });
  broken.close();
});
