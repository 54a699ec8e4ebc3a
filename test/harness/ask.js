// One request as a client sends it that keeps no connection.
import { get } from 'node:http';

const PATIENCE_MS = 10_000;

/** What answers at a port of this machine, by a connection of its own: the text, or `status 503` where it is not 200. */
export function ask({ port, path = '/' }) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : `status ${response.statusCode}`));
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer within 10 s')));
  });
}
