// What the four services share: a server of JSON over HTTP, and a client for it.
import { createServer, request } from 'node:http';

const TIMEOUT_MS = 3000;
// A container has ports of its own; a plain process is told where on the host to listen.
const { HOST, PORT = 3000 } = process.env;
const LONGEST_BODY = 64 * 1024;

/** An answer other than 200. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Serves `routes`, such as `'GET /orders': async ({ url, body }) => value`; strings are HTML, the rest is JSON. */
export function serve(routes) {
  const server = createServer((incoming, outgoing) => {
    answer(routes, incoming)
      .then(({ status = 200, headers = {}, value }) => {
        const html = typeof value === 'string';
        outgoing.writeHead(status, {
          'content-type': html ? 'text/html; charset=utf-8' : 'application/json',
          ...headers,
        });
        outgoing.end(html ? value : JSON.stringify(value ?? null));
      })
      .catch((error) => {
        if (!(error instanceof Refusal)) console.error(error);
        outgoing.writeHead(error.status ?? 502, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify({ error: error.message }));
      });
  });
  server.listen({ port: PORT, host: HOST }, () => console.log(`listening on ${PORT}`));
  process.once('SIGTERM', () => {
    console.log('finishing what is under way');
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
  return server;
}

async function answer(routes, incoming) {
  const url = new URL(incoming.url, 'http://shop');
  const route =
    routes[`${incoming.method} ${url.pathname}`] ?? routes[`${incoming.method} /${url.pathname.split('/')[1]}/*`];
  if (!route) throw new Refusal(404, `there is no ${incoming.method} ${url.pathname}`);
  const result = await route({ url, body: await read(incoming) });
  return result instanceof Answer ? result : { value: result };
}

/** A result with a status or headers of its own. */
export class Answer {
  constructor(fields) {
    Object.assign(this, fields);
  }
}

async function read(stream) {
  stream.setEncoding('utf8');
  let text = '';
  for await (const piece of stream) {
    text += piece;
    if (text.length > LONGEST_BODY) throw new Refusal(413, 'the body is too long');
  }
  return text;
}

/** Asks another service; JSON in, JSON out. */
export function ask(method, url, value) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent: false, timeout: TIMEOUT_MS }, (response) => {
      read(response).then((text) => {
        if (response.statusCode < 300) resolve(JSON.parse(text));
        else reject(new Refusal(response.statusCode, `${url} answered ${response.statusCode}: ${text}`));
      }, reject);
    });
    call.on('timeout', () => call.destroy(new Error(`${url} did not answer in ${TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.end(body);
  });
}
