import type { ServiceName } from '../ownership.js';
import type { Time } from '../records/index.js';
import type { Amount } from './nodes.js';

export interface StreamSize {
  name: string;
  messages: number;
  bytes: number;
}

/** The bus as the gateway sees it. */
export interface BusState {
  /** The server's name. */
  server: string;
  version: string;
  connected: boolean;
  streams: StreamSize[];
}

/** A service of the control plane; of several with one name, one stands for all. */
export interface LiveElement {
  name: ServiceName;
  version: string | null;
  state: 'running' | 'missing';
  /** When it started. */
  since: Time | null;
}

/** The whole system on one screen. */
export interface StatusAnswer {
  /** Whether every service answers, no node is down and no incident is open. */
  healthy: boolean;
  bus: BusState;
  services: LiveElement[];
  nodes: { ready: number; down: number; total: number };
  /** Sums over all nodes. */
  capacity: Amount;
  reserved: Amount;
  tasks: { running: number; total: number };
  incidents: { open: number };
  /** How many applications there are. */
  apps: number;
}
