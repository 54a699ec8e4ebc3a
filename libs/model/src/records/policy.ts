import type { Fault } from '../errors.js';
import type { ApplicationSpec } from '../spec.js';
import type { AppRef, Time } from './refs.js';

/** What is wanted of an application now. */
export interface AppRecord extends AppRef {
  revision: number;
  state: 'active' | 'removing';
  /** Grows with every accepted change; a rollout names the generation that it has reached. */
  generation: number;
  /** Replicas set by `scale`, over what the revision says. */
  scale: Record<string, number>;
  /** How often each service was asked to restart; a task remembers the count it was made under. */
  restarts: Record<string, number>;
  /** Services whose new version is to go to this step at least, of the revision that it was said of. */
  promoted?: { revision: number; steps: Record<string, number> };
  /** The revision that is to be given up for the one before. */
  aborted?: number;
  /** The command that made this change. */
  command: string;
  createdAt: Time;
  updatedAt: Time;
}

/** An immutable version of an application's spec. */
export interface RevisionRecord extends AppRef {
  revision: number;
  spec: ApplicationSpec;
  /** Service name to digest of its spec; equal digests mean that nothing has to be replaced. */
  digests: Record<string, string>;
  /** The revision whose spec this one took over, if it came from a rollback. */
  rollbackOf?: number;
  /** Keys of the file that are not honoured. */
  ignored: Fault[];
  /** What policy filled in or remarks upon. */
  findings?: Fault[];
  command: string;
  createdAt: Time;
}

/** What is in a config or a secret. Never changed: other contents have another digest, and so a record of their own. */
export interface ContentRecord extends AppRef {
  /** The config's or secret's key in the file. */
  name: string;
  digest: string;
  data: string;
}

export type CommandVerb = 'deploy' | 'scale' | 'rollback' | 'restart' | 'promote' | 'abort' | 'remove';

/** More steps than any rollout has: to the end. */
export const ALL_STEPS = 1000;

/** What can be asked of a node, in the namespace that is kept for the cluster. */
export const NODE_VERBS = ['cordon', 'drain', 'uncordon', 'lose', 'remove'] as const;
export type NodeVerb = (typeof NODE_VERBS)[number];

/** The answer to a command. */
export interface OutcomeRecord {
  namespace: string;
  command: string;
  verb: string;
  /** The application that it is about. */
  app?: string;
  /** The node that it is about. */
  node?: string;
  status: 'accepted' | 'rejected' | 'failed';
  /** Every reason of a refusal. */
  reasons: Fault[];
  /** Keys of the file that are not honoured. */
  ignored: Fault[];
  /** What policy filled in or remarks upon. */
  findings?: Fault[];
  /** False where the cluster was already asked for just this. */
  changed: boolean;
  revision?: number;
  generation?: number;
  at: Time;
}

/**
 * What a person wants of a node: `cordoned` takes no new task; `drained` gives its tasks away, too; `lost` is known to be
 * gone for good although nobody can see it: its tasks are placed elsewhere, brakes or not.
 */
export type Availability = 'active' | 'cordoned' | 'drained' | 'lost' | 'removed';

/** What is wanted of a node; a node without one is active. */
export interface AvailabilityRecord {
  node: string;
  availability: Availability;
  /** Why, in the words of whoever asked. */
  reason?: string;
  /** The command that made this change. */
  command: string;
  updatedAt: Time;
}

/** What is wanted of how tasks are spread over the nodes that there are. */
export interface RebalanceRecord {
  /** Whether tasks are moved by themselves when a node joins. */
  automatic: boolean;
  /** How many tasks are moved at most, each time, where a command does not say. */
  most: number;
  /** The command that last asked for it to be done at once, and how many tasks it lets move. */
  asked?: { command: string; most: number };
  /** The command that made this change. */
  command: string;
  updatedAt: Time;
}
