import type { Host } from './host.js';
import type { Front } from './layout.js';

/** The lines of a front end by which a process that was replaced hands on what still comes over its connections. */
export interface Handover {
  bind: string[];
  use: string;
  backend: string[];
}

/** What the map of a process that was replaced says. */
export const STALE = 'stale';

/**
 * HAProxy changes no servers of a process that was replaced, and a client may send it one request more on each connection.
 * So that no such request meets servers that have gone since, it is handed over, with the client's address, to the process
 * that took the listeners.
 */
export function handingOver(front: Pick<Front, 'name' | 'address' | 'port'>, { folder, stale, user }: Host): Handover {
  const socket = `unix@${folder}/${socketName(front)}`;
  const owner = user ? ` uid ${user.uid} gid ${user.gid}` : '';
  return {
    bind: [`bind ${socket} accept-proxy mode 600${owner}`, `acl stale str(${STALE}),map_str(${stale}) -m found`],
    use: `use_backend over:${front.name} if stale`,
    backend: [`backend over:${front.name}`, 'mode http', `server over ${socket} send-proxy-v2`],
  };
}

/** Short, since the paths of sockets have to be. */
const socketName = ({ address, port }: Pick<Front, 'address' | 'port'>): string =>
  address === undefined ? `o${port}` : `o${port}-${brief(address)}`;

function brief(text: string): string {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.charCodeAt(0)) % 2_147_483_647;
  return sum.toString(36);
}
