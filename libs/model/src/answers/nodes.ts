import type { NodeRecord, Time } from '../records/index.js';

/** An amount of a node's capacity in what people count in. */
export interface Amount {
  /** Cores. */
  cpu: number;
  /** Bytes. */
  memory: number;
  /** What else a node has a number of: kind to how many. */
  resources?: Record<string, number>;
}

/**
 * `down`: its agent does not renew its lease, its tasks are placed elsewhere. `missing`: it does not either, but a brake
 * holds. `returning`: it was down too often and takes no new task for a while. `draining`: its tasks go, or are gone,
 * elsewhere. `cordoned`: it keeps what runs and takes no new task.
 */
export type NodeState = 'ready' | 'down' | 'missing' | 'returning' | 'draining' | 'cordoned';

/** A node with what it offers and what it has promised. */
export interface NodeElement extends Pick<NodeRecord, 'node' | 'labels' | 'engine' | 'address'> {
  state: NodeState;
  /** Why it is in no other state than ready. */
  reason?: string;
  /** When it entered the state, as far as that is known. */
  since?: Time;
  capacity: Amount;
  reserved: Amount;
  /** How many tasks it has promised room to. */
  tasks: number;
}

/** A task that has not ended on a node, and what it is about to do there. */
export interface NodeTask {
  task: string;
  namespace: string;
  app: string;
  service: string;
  slot: number;
  /** What its container does. */
  state: string;
  desired: string;
  /** Why it was asked to go, or what keeps it where it is. */
  reason?: string;
}

/** A slot that waits, and is or was on a node. */
export interface NodeWaiting {
  namespace: string;
  app: string;
  service: string;
  slot: number;
  reason: string;
  since: Time;
}

/** A node with all that concerns it. */
export interface NodeAnswer extends NodeElement {
  running: NodeTask[];
  waiting: NodeWaiting[];
}
