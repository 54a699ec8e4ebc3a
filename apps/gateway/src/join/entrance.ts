import { readFileSync } from 'node:fs';
import type { NodeSigning } from '@tutti/bus';

/** What a gateway has to know to let nodes into the cluster; a secret. */
export interface Entrance {
  cluster: string;
  /** Where nodes reach the bus, `nats://host:port`; none where it is to be reached from its own host only. */
  servers: string[];
  /** Where other hosts reach a gateway, `http://host:port`; absent where they cannot. */
  endpoint?: string;
  /** Join tokens are sealed with it. */
  secret: string;
  signing: NodeSigning;
}

export const ENTRANCE = Symbol('ENTRANCE');

/** Reads it from the file that `up` has written. */
export function readEntrance(path: string): Entrance {
  return JSON.parse(readFileSync(path, 'utf8')) as Entrance;
}
