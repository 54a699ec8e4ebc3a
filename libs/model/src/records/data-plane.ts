import type { Time } from './refs.js';

/** A network of containers on one node. */
export interface Bridge {
  /** The engine's name of it, one throughout the cluster. */
  network: string;
  /** `10.192.16.0/25`. */
  subnet: string;
  /** The host's address there: what asks for names on it is on this network. */
  gateway: string;
}

/** Which of the cluster's addresses are on a node, and how others get there. */
export interface BridgesRecord {
  node: string;
  /** The host's address on the way between hosts. */
  address: string;
  bridges: Bridge[];
  updatedAt: Time;
}

/** A host's end of an encrypted tunnel: what is for the node's containers is sent there, under this key. */
export interface TunnelEnd {
  /** As WireGuard writes it, in base 64. The private key never leaves the host. */
  publicKey: string;
  /** UDP, at the host's address. */
  port: number;
}

/** The tunnel's end on the host of a node. */
export interface TunnelRecord extends TunnelEnd {
  node: string;
  updatedAt: Time;
}

/** Something that a proxy could not do, such as listen on a port that somebody else holds. */
export interface ProxyProblem {
  /** The host port that it is about. */
  port?: number;
  reason: string;
}

/** How far the proxy of a node has come. */
export interface ProxyRecord {
  node: string;
  state: 'running' | 'down';
  /** `HAProxy 2.6.12`. */
  version: string;
  /** Every change of endpoints up to this revision of STATE is in force there. */
  applied: number;
  /** Of tasks that it sends nothing new to: task to connections and requests still in flight; none: absent. */
  inFlight: Record<string, number>;
  problems: ProxyProblem[];
  updatedAt: Time;
}
