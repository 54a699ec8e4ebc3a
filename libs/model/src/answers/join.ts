import type { Time } from '../records/index.js';

/** A token with which hosts join. */
export interface TokenAnswer {
  token: string;
  /** Absent: it holds for ever. */
  expiresAt?: Time;
  /** Where other hosts reach the gateway; absent where they cannot. */
  endpoint?: string;
}

/** What a host is told that has joined. */
export interface JoinAnswer {
  node: string;
  /** Whose containers its agent looks after. */
  cluster: string;
  /** Where it reaches the bus. */
  servers: string[];
  /** What its NATS user may do, signed for the key that it has shown: a JWT. */
  pass: string;
}
