// The gateway as any HTTP client sees it.
import { Agent, request } from 'node:http';

const TIMEOUT_MS = 60_000;

/**
 * @param context gives the endpoint and the token at each call: a restarted gateway may be elsewhere
 * @returns a function `(method, path, {body, type, headers, token})` that gives `{status, headers, text, json}`
 */
export function client(context) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  return (method, path, { body, type, headers, token } = {}) =>
    new Promise((resolve, reject) => {
      const { endpoint, token: own } = context();
      const { hostname, port } = new URL(endpoint);
      const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(asText(body));
      const call = request({
        hostname,
        port,
        method,
        path,
        agent,
        timeout: TIMEOUT_MS,
        headers: {
          authorization: `Bearer ${token ?? own}`,
          ...(bytes && { 'content-type': type ?? 'application/json', 'content-length': bytes.length }),
          ...headers,
        },
      });
      call.once('response', (answer) => void readAnswer(answer).then(resolve, reject));
      call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)));
      call.once('error', reject);
      call.end(bytes);
    });
}

const asText = (body) => (typeof body === 'string' ? body : JSON.stringify(body));

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
