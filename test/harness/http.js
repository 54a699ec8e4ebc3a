// The gateway as any HTTP client sees it.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const TIMEOUT_MS = 60_000;
const RETRY_MS = 50;

/**
 * @param context gives the endpoint and the token at each call: a restarted gateway may be elsewhere
 * @returns a function `(method, path, {body, type, headers, token, patienceMs})` that gives `{status, headers, text,
 *   json}`; while nobody listens, which is certain not to have done anything, it tries again for `patienceMs`
 */
export function client(context) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  return async (method, path, /** @type {Record<string, any>} */ { patienceMs = 2000, ...sending } = {}) => {
    for (const deadline = Date.now() + patienceMs; ; await sleep(RETRY_MS)) {
      try {
        return await exchange({ agent, method, path, ...context() }, sending);
      } catch (error) {
        if (error.code !== 'ECONNREFUSED' || Date.now() > deadline) throw error;
      }
    }
  };
}

function exchange({ agent, method, path, endpoint, token }, sending) {
  const { hostname, port } = new URL(endpoint);
  const body = bytesOf(sending.body);
  const headers = {
    authorization: `Bearer ${sending.token ?? token}`,
    ...(body && { 'content-type': sending.type ?? 'application/json', 'content-length': body.length }),
    ...sending.headers,
  };
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path, agent, timeout: TIMEOUT_MS, headers });
    call.once('response', (answer) => void readAnswer(answer).then(resolve, reject));
    call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)));
    call.once('error', reject);
    call.end(body);
  });
}

function bytesOf(body) {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function readAnswer(answer) {
  let text = '';
  answer.setEncoding('utf8');
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, headers: answer.headers, text, json: parse(text) };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
