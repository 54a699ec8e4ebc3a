import type { Resources } from '../resources.js';
import type { TaskTarget } from '../task-states.js';
import type { AppRef, TaskRef, Time } from './refs.js';

/**
 * `up`: its agent renews its lease. `down`: it does not, and its tasks are placed elsewhere. `missing`: it does not
 * either, but a brake holds. `returning`: it renews again after it has flapped, and takes no new task for a while.
 */
export type Liveness = 'up' | 'down' | 'missing' | 'returning';

/** The scheduler's verdict on a node. */
export interface LivenessRecord {
  node: string;
  state: Liveness;
  /** Why, for a person. */
  reason: string;
  /** When the state was entered. */
  since: Time;
  /** How often it went down of late; sets for how long it is held back when it returns. */
  flaps: number;
  /** `returning` only: when it takes tasks again. */
  until?: Time;
}

export interface AssignedPort {
  target: number;
  /** Absent: the engine picks a free one. */
  published?: number;
  protocol: 'tcp' | 'udp';
  hostIp?: string;
  /** Every node's proxy listens there: it takes nothing of its own node. Absent: it is held on the task's node. */
  mode?: 'ingress';
}

/** One scheduled container: written once, only its target changes. */
export interface TaskRecord extends TaskRef {
  slot: number;
  /** The revision whose spec it runs; `digest` is that of its service there. */
  revision: number;
  digest: string;
  /** The value of `AppRecord.restarts[service]` it was made under. */
  restartEpoch: number;
  target: TaskTarget;
  reserved: Resources;
  ports: AssignedPort[];
  /** The task it takes over from. */
  replaces?: string;
  /** Why it was made: `deploy of revision 3`, `replaces 0123456789ab: exit code 1`. */
  cause: string;
  /** Why it is on this node. */
  placement: string;
  /** How many tasks in this slot failed in a row before it; sets the back-off of the next. */
  failures: number;
  /** Nodes on which its predecessors in this row failed, the latest last, at most 10. */
  failedOn?: string[];
  /** Why its target changed. */
  targetCause?: string;
  /** `drain` only: it is stopped then, whether or not its proxies have confirmed that nothing reaches it. */
  drainUntil?: Time;
  /** It was stopped because it was unhealthy, which counts as a failure of its slot. */
  condemned?: boolean;
  /** It has completed and keeps its place in the slot, but no longer its share of the node. */
  released?: boolean;
  /** The scheduler's verdict on a task whose node is down. */
  orphaned?: boolean;
  /** It is wanted on another node, where its successor is started first: why. */
  displaced?: string;
  /** The node that it is wanted on, where that is one in particular. */
  displacedTo?: string;
  createdAt: Time;
}

/** What a node has promised to tasks that have not ended. */
export interface LedgerRecord {
  node: string;
  tasks: number;
  reserved: Resources;
  /** `80/tcp` to the task that holds it. */
  ports: Record<string, string>;
  /** Named volumes that tasks have kept data in here, `namespace/application/volume`; the latest last, at most 1,000. */
  volumes?: string[];
}

/** A task that is to be replaced by one on another node, so that tasks are spread more evenly. */
export interface Move extends AppRef {
  service: string;
  slot: number;
  task: string;
  from: string;
  to: string;
  why: string;
}

/** The moves that were begun last to spread tasks more evenly. */
export interface MovesRecord {
  /** The last command that asked for moves; later ones may have been begun because a node had joined. */
  answers?: string;
  moves: Move[];
  /** The nodes that took tasks then: one that is not among them has joined since. */
  nodes: string[];
  at: Time;
}

export interface PendingSlot {
  slot: number;
  /** One sentence a person can act on. */
  reason: string;
  /** The node that it is to leave, or waits for. */
  node?: string;
  since: Time;
}

export interface ServiceProgress {
  desired: number;
  /** Tasks of the wanted digest and restart count that run. */
  updated: number;
  running: number;
  /** Of those running, how many are healthy. */
  healthy: number;
  failed: number;
  pending: PendingSlot[];
  /** Why nothing is started yet: `waits for store to be healthy`. */
  waiting?: string;
  /** How its traffic moves to a new version; absent where it does not. */
  shift?: Shift;
  /** What has failed of its update; absent where its spec is as before, or nothing has. */
  update?: UpdateProgress;
}

/** How far the traffic of a service has moved to its new version, step by step (`x-tutti.rollout`). */
export interface Shift {
  /** Tasks of this digest are of the new version. */
  digest: string;
  /** From 1; the last of `steps` is all of the traffic. */
  step: number;
  steps: number;
  /** Per cent of the traffic that the new version has now. */
  share: number;
  /** Since when it has the share of this step; absent while the tasks for it are being started. */
  since?: Time;
  /** It goes no further before somebody promotes it. */
  waits?: true;
  /** Its requests are measured, since it is judged by them. */
  measured?: true;
  /** What else has to come before it goes on by itself: `63 more of 100 requests to its new version`. */
  waitsFor?: string;
}

/** How often tasks of a service have failed since its present spec was begun to be brought in. */
export interface UpdateProgress {
  /** Each task counts once. */
  failures: number;
  /** The tasks that have been counted and are still there. */
  counted: string[];
  /** No further task is replaced, as its `failure_action` says: why. */
  paused?: string;
}

/** Because of what a rollout went no further: a task that failed, or what was measured of a service's requests. */
export interface UpdateFailure {
  service: string;
  /** The task; absent where it was none in particular. */
  slot?: number;
  task?: string;
  node?: string;
  /** `exit code 1`, `unhealthy`. */
  reason: string;
  exitCode?: number | null;
  /** When it ended, by the engine's clock. */
  exitAt?: Time;
}

/** `web.2 on n1: exit code 1`, or `web: …` where it was no task in particular. */
export const failureSentence = ({ service, slot, node, reason }: UpdateFailure): string =>
  slot === undefined ? `${service}: ${reason}` : `${service}.${slot} on ${node}: ${reason}`;

/** A revision that was given up for one that had been completely rolled out before. */
export interface RolledBack {
  from: number;
  to: number;
  /** The generation that had brought it. */
  generation: number;
  /** One sentence: which task failed, and how. */
  cause: string;
  /** Nothing has failed: somebody asked for it. */
  aborted?: true;
  at: Time;
}

/**
 * `paused`, `failed`: it goes no further by itself, though what has failed may be tried again. `rolling-back`,
 * `rolled-back`: tasks get, or have, the spec of an earlier revision again, though another one is asked for.
 */
export type RolloutPhase =
  'progressing' | 'done' | 'paused' | 'failed' | 'rolling-back' | 'rolled-back' | 'removing' | 'removed';

/** How far an application has come on the way to what is wanted. */
export interface RolloutRecord extends AppRef {
  /** The revision that is asked for. */
  revision: number;
  generation: number;
  phase: RolloutPhase;
  /** The revision whose spec tasks get instead, after an update has failed. */
  target?: number;
  /** Since when tasks get the spec that they get now. */
  targetSince?: Time;
  /** When all of it was there for the first time, and had been watched. */
  doneAt?: Time;
  /** The last revision that was completely rolled out: gone back to if an update fails. */
  stable?: number;
  /** The one before: gone back to if `stable` crash-loops soon after. */
  earlier?: number;
  /** What tasks get instead, and why. */
  rolledBack?: RolledBack;
  /** The revisions that were given up before, the latest last, at most 10. */
  givenUp?: RolledBack[];
  /** Why it went no further, or back. */
  failure?: UpdateFailure;
  services: Record<string, ServiceProgress>;
  message: string;
  /** Revisions that tasks still run; policy keeps these when it trims. */
  revisionsInUse: number[];
  startedAt: Time;
  updatedAt: Time;
}
