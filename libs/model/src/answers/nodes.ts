import type { NodeRecord } from '../records.js';

/** An amount of a node's capacity in what people count in. */
export interface Amount {
  /** Cores. */
  cpu: number;
  /** Bytes. */
  memory: number;
}

/** A node with what it offers and what it has promised. */
export interface NodeElement extends Pick<NodeRecord, 'node' | 'labels' | 'engine' | 'address'> {
  /** `down`: its agent does not renew its lease. `draining`: its tasks go, or are gone, elsewhere. */
  state: 'ready' | 'down' | 'draining' | 'cordoned';
  /** Why it is in no other state than ready. */
  reason?: string;
  capacity: Amount;
  reserved: Amount;
  /** How many tasks it has promised room to. */
  tasks: number;
}
