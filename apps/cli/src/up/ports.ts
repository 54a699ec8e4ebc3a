import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Whether this process may listen there now. */
export async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

const EVERY = new Set(['0.0.0.0', '::']);

/** An address that leads to a listener on `host` from this machine. */
export function reachable(host: string): string {
  if (EVERY.has(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** An address that leads to a listener on `host` from other hosts; undefined where none does. */
export function advertisedFor(host: string): string | undefined {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  if (!EVERY.has(host)) return reachable(host);
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
