import { expect, jest, test } from '@jest/globals';
import { commit, freePort, put } from '@tutti/bus';
import type { RouteRecord } from '@tutti/model';
import { eventually, makeCertificate, type TestCertificate } from '@tutti/testing';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2, type ClientHttp2Session } from 'node:http2';
import { Agent, request, type RequestOptions } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { useRig } from '../testing/rig.js';

jest.setTimeout(60_000);

const rig = useRig();
const { route, endpoints, record, confirmed } = rig;
const shop = makeCertificate(['shop.example']);
const blog = makeCertificate(['*.blog.example']);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const printOf = ({ certificate }: TestCertificate): string => new X509Certificate(certificate).fingerprint256;

/** Writes a secret as policy does with its revision. */
async function keep(name: string, data: string): Promise<void> {
  const { namespace, app } = rig.ref();
  await commit(rig.operator, [
    put('secret', { namespace, app, name, digest: sha256(data), data }, { event: 'created' }),
  ]);
}

/** A route whose certificates are these. */
const serve = (certificates: Record<string, string>, over: Partial<RouteRecord>, protocols = {}): Promise<unknown> =>
  route(
    { protocols },
    {
      certificates: Object.fromEntries(Object.entries(certificates).map(([name, data]) => [name, sha256(data)])),
      ...over,
    },
  );
const onPort = (tls = 'shop') => ({ published: [{ published: rig.port, target: 80, tls }] });

interface Answer {
  status: number;
  /** Of the certificate. */
  print: string;
  name?: string;
  url?: string;
  client?: string;
  proto?: string;
}
const call = (over: RequestOptions = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = { port: rig.port, servername: 'shop.example', rejectUnauthorized: false, ...over };
    const sent = request(options, (response) => {
      let text = '';
      const { fingerprint256: print } = (response.socket as TLSSocket).getPeerCertificate();
      response.on('data', (piece: Buffer) => (text += piece.toString()));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        resolve({ status, print, ...(status === 200 ? (JSON.parse(text) as object) : {}) });
      });
    });
    sent.on('error', reject);
    sent.end(over.method === 'POST' ? 'once' : undefined);
  });
const plainly = (path: string, over: RequestOptions = {}): Promise<{ status: number; location?: string }> =>
  new Promise((resolve, reject) => {
    const sent = plainRequest({ port: rig.httpPort, path, ...over }, (response) => {
      const { location } = response.resume().headers;
      resolve({ status: response.statusCode ?? 0, ...(location !== undefined && { location }) });
    });
    sent.on('error', reject).end();
  });
const isServed = (over: RequestOptions = {}): Promise<unknown> =>
  eventually(
    () =>
      call(over).then(
        ({ status }) => status === 200,
        () => false,
      ),
    { describe: record },
  );
const at = (host: string): RequestOptions => ({ port: rig.httpsPort, servername: host, headers: { host } });

const HTTP2: Record<string, string> = { ':path': '/' };
async function http2(port: number, servername: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername });
  await once(session, 'connect');
  return session;
}
async function askHttp2(session: ClientHttp2Session, headers = HTTP2): Promise<{ status: number; text: string }> {
  const stream = session.request(headers);
  let [status, text] = [0, ''];
  stream.on('response', (head) => (status = head[':status'] ?? 0));
  for await (const piece of stream) text += String(piece);
  return { status, text };
}

test('the name that a client asks for picks the certificate; another name is refused, plain HTTP redirected', async () => {
  await keep('shop', shop.pem);
  await keep('blog', blog.pem);
  const http = [
    { host: 'shop.example', target: 80, tls: 'shop' },
    { host: '*.blog.example', path: '/api', target: 80, stripPath: true, tls: 'blog', redirect: false },
    { host: 'plain.example', target: 80 },
  ];
  await serve({ shop: shop.pem, blog: blog.pem }, { published: [], http });
  await endpoints([0]);
  await isServed(at('shop.example'));
  const proto = 'https';
  expect(await call({ ...at('shop.example'), path: '/x?y=1' })).toMatchObject({
    ...{ print: printOf(shop), url: '/x?y=1', client: '127.0.0.1', proto },
  });
  expect(await call({ ...at('my.blog.example'), path: '/api/b' })).toMatchObject({ print: printOf(blog), url: '/b' });
  expect((await call({ ...at('my.blog.example'), headers: { host: 'plain.example' } })).status).toBe(404);
  await expect(call(at('plain.example'))).rejects.toThrow(/alert|reset|disconnected/i);
  const host = (name: string) => ({ headers: { host: name } });
  const location = `https://shop.example:${rig.httpsPort}/x?y=1`;
  expect(await plainly('/x?y=1', host('shop.example:80'))).toEqual({ status: 308, location });
  expect(await plainly('/api', host('my.blog.example'))).toEqual({ status: 200 });
  expect(await plainly('/', host('plain.example'))).toEqual({ status: 200 });
});

test('a published port speaks HTTP/1.1, HTTP/2 and WebSocket over TLS 1.2 and newer', async () => {
  const plain = await freePort();
  await keep('shop', shop.pem);
  const published = [...onPort().published, { published: plain, target: 80 }];
  await serve({ shop: shop.pem }, { published });
  await endpoints([0]);
  await isServed();
  expect(await call()).toMatchObject({ print: printOf(shop), name: 'a', proto: 'https' });
  await expect(call({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow();
  const session = await http2(rig.port, 'shop.example');
  expect(session.alpnProtocol).toBe('h2');
  const answers = await Promise.all([1, 2, 3].map(() => askHttp2(session)));
  session.close();
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(JSON.parse(answers[0]?.text ?? '')).toMatchObject({ name: 'a', client: '127.0.0.1', proto: 'https' });
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const socket = request({
    ...{ port: rig.port, rejectUnauthorized: false, servername: 'shop.example' },
    headers: { ...headers, 'sec-websocket-version': '13' },
  }).end();
  const [, upgraded] = (await once(socket, 'upgrade')) as [unknown, Socket];
  upgraded.write('hello');
  expect(String((await once(upgraded, 'data'))[0])).toBe('hello');
  upgraded.destroy();
  // What came over no TLS is not said to have.
  const body = await new Promise<string>((resolve, reject) => {
    plainRequest({ port: plain }, (response) => response.on('data', (piece) => resolve(String(piece))))
      .on('error', reject)
      .end();
  });
  expect(JSON.parse(body)).not.toHaveProperty('proto');
});

test('a renewed certificate is served without a lost request, on connections that are kept and on new ones', async () => {
  await keep('shop', shop.pem);
  const http = [{ host: 'shop.example', target: 80, tls: 'shop' }];
  await serve({ shop: shop.pem }, { ...onPort(), http });
  await endpoints([0, 1]);
  await Promise.all([isServed(), isServed(at('shop.example'))]);
  const before = rig.stands.reduce((sum, stand) => sum + stand.seen(), 0);
  let isOver = false;
  const answers: (Answer | Error)[] = [];
  const client = async (over: RequestOptions): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver)
      answers.push(await call({ agent, method: answers.length % 2 ? 'POST' : 'GET', ...over }).catch((e: Error) => e));
    agent.destroy();
  };
  const clients = [{}, {}, at('shop.example'), { agent: false as const }].map(client);
  for (let round = 0; round < 3; round++) {
    const renewed = makeCertificate(['shop.example']);
    await keep('shop', renewed.pem);
    await serve({ shop: renewed.pem }, { ...onPort(), http });
    for (const place of [{}, at('shop.example')])
      await eventually(async () => (await call({ ...place, agent: false })).print === printOf(renewed));
    // Tasks come and go on processes old and new.
    await confirmed(await endpoints([round % 2], [1 - (round % 2)]));
    await confirmed(await endpoints([0, 1]));
  }
  isOver = true;
  await Promise.all(clients);
  expect(answers.filter((answer) => answer instanceof Error || answer.status !== 200)).toEqual([]);
  expect(answers.length).toBeGreaterThan(100);
  expect(rig.stands.reduce((sum, stand) => sum + stand.seen(), 0)).toBeGreaterThan(before + answers.length - 1);
  expect(readdirSync(join(rig.folder, 'certificates'))).toHaveLength(1);
});

test('over HTTP/2, too, no request is lost: one that is refused was seen by no task, as its client is told', async () => {
  await keep('shop', shop.pem);
  await serve({ shop: shop.pem }, onPort());
  await endpoints([0, 1]);
  await isServed();
  const seen = (): number => rig.stands.reduce((sum, stand) => sum + stand.seen(), 0);
  const before = seen();
  const answers: (number | string)[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    let session = await http2(rig.port, 'shop.example');
    while (!isOver) {
      if (session.closed || session.destroyed) session = await http2(rig.port, 'shop.example');
      const answer = await askHttp2(session, { ':path': '/', ':method': 'GET' }).catch((error: Error) => error.message);
      answers.push(typeof answer === 'string' ? answer : answer.status);
    }
    session.destroy();
  };
  const clients = [1, 2, 3].map(client);
  for (let round = 0; round < 3; round++) {
    const renewed = makeCertificate(['shop.example']);
    await keep('shop', renewed.pem);
    await serve({ shop: renewed.pem }, onPort());
    await eventually(async () => (await newcomer()) === printOf(renewed));
    await confirmed(await endpoints([round % 2], [1 - (round % 2)]));
    await confirmed(await endpoints([0, 1]));
  }
  isOver = true;
  await Promise.all(clients);
  const served = answers.filter((answer) => answer === 200).length;
  const others = new Set(answers.filter((answer) => answer !== 200));
  expect([...others].filter((answer) => !/REFUSED_STREAM/.test(String(answer)))).toEqual([]);
  expect([served > 100, seen() - before]).toEqual([true, served]);
});

/** The certificate that a new connection gets. */
async function newcomer(): Promise<string> {
  const socket = connectTls({ port: rig.port, servername: 'shop.example', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('a certificate that is not there, or is none, is told of, and all else goes on', async () => {
  const other = await freePort();
  await keep('bad', 'no certificate');
  const published = [...onPort().published, { published: other, target: 80, tls: 'bad' }];
  const http = [
    { host: 'shop.example', target: 80, tls: 'shop' },
    { host: 'plain.example', target: 80 },
  ];
  await serve({ shop: shop.pem, bad: 'no certificate' }, { published, http });
  await endpoints([0]);
  const host = (name: string) => ({ headers: { host: name } });
  await eventually(() =>
    plainly('/', host('plain.example')).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  // What is to be had over TLS only is not answered without it meanwhile.
  expect((await plainly('/', host('shop.example'))).status).toBe(308);
  const reasons = async () => ((await record())?.problems ?? []).map(({ reason }) => reason).sort();
  const owner = `default/${rig.ref().app}`;
  await eventually(async () => (await reasons()).length === 2, { describe: record });
  expect(await reasons()).toEqual([
    expect.stringMatching(new RegExp(`^the certificate ${owner}/bad is refused by HAProxy: unable to load`)),
    `the certificate ${owner}/shop is not there yet`,
  ]);
  await keep('shop', shop.pem);
  await isServed();
  await isServed(at('shop.example'));
  // One that is not there yet leaves the one before it in its place.
  await serve({ shop: blog.pem }, onPort());
  await eventually(async () => (await reasons())[0]?.endsWith('the one before it is served'), { describe: record });
  expect((await call()).print).toBe(printOf(shop));
});

test('streams of bytes and gRPC are handed on without their TLS', async () => {
  await keep('shop', shop.pem);
  await serve({ shop: shop.pem }, onPort(), { 80: 'tcp' });
  const echo = createServer((socket) => void socket.pipe(socket));
  await confirmed(await endpoints([], [], [rig.endpoint(7, await listening(echo))]));
  const said = await eventually(() => say('hello\n').catch(() => undefined), { describe: record });
  expect(said).toEqual({ text: 'hello\n', alpn: false });
  echo.close();
  const calls = createHttp2((incoming, response) => response.end(`${incoming.httpVersion} ${incoming.url}`));
  const http = [{ host: 'shop.example', target: 80, tls: 'shop' }];
  await serve({ shop: shop.pem }, { ...onPort(), http }, { 80: 'grpc' });
  await confirmed(await endpoints([], [], [rig.endpoint(8, await listening(calls as unknown as Server))]));
  for (const port of [rig.port, rig.httpsPort]) {
    const answer = await eventually(async () => {
      const session = await http2(port, 'shop.example').catch(() => undefined);
      const path = { ':path': '/shop.Cart/Get', ':authority': 'shop.example' };
      const found = session && (await askHttp2(session, path).catch(() => undefined));
      session?.destroy();
      return found?.status === 200 && found.text;
    });
    expect(answer).toBe('2.0 /shop.Cart/Get');
  }
  calls.close();
});

test('keys are read by nobody else, and are gone with the route; an agent that comes back goes on with them', async () => {
  await keep('shop', shop.pem);
  await serve({ shop: shop.pem }, onPort());
  await endpoints([0]);
  await isServed();
  // Its master answers a moment after its first process does.
  await confirmed(await endpoints([0]));
  const folder = join(rig.folder, 'certificates');
  const [file = ''] = readdirSync(folder);
  expect([statSync(folder).mode & 0o777, statSync(join(folder, file)).mode & 0o777]).toEqual([0o700, 0o600]);
  const haproxy = await rig.haproxy();
  const before = await haproxy.processes();
  await rig.plane.close();
  rig.plane = await rig.startPlane();
  await confirmed(await endpoints([1]));
  expect(await haproxy.processes()).toEqual(before);
  await eventually(async () => (await call()).name === 'b', { describe: record });
  await rig.unroute();
  await eventually(() => readdirSync(folder).length === 0);
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function say(words: string): Promise<{ text: string; alpn: unknown }> {
  const socket = connectTls({
    ...{ port: rig.port, servername: 'shop.example', rejectUnauthorized: false },
    ALPNProtocols: ['h2'],
  });
  await once(socket, 'secureConnect');
  socket.write(words);
  const [piece] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return { text: piece.toString(), alpn: socket.alpnProtocol };
}
