import type { Fault } from './errors.js';
import type { Resources } from './resources.js';
import type { ApplicationSpec } from './spec.js';
import type { TaskState, TaskTarget } from './task-states.js';

/** Times in records are ISO 8601 in UTC, with milliseconds. */
export type Time = string;

/** Where a record belongs. */
export interface AppRef {
  namespace: string;
  app: string;
}
export interface ServiceRef extends AppRef {
  service: string;
}
export interface TaskRef extends ServiceRef {
  task: string;
  node: string;
}

// --- policy ---------------------------------------------------------------------------------------------------

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

export type CommandVerb = 'deploy' | 'scale' | 'rollback' | 'restart' | 'remove';

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

// --- scheduler ------------------------------------------------------------------------------------------------

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
}

export type RolloutPhase = 'progressing' | 'done' | 'failed' | 'removing' | 'removed';

/** How far an application has come on the way to what is wanted. */
export interface RolloutRecord extends AppRef {
  revision: number;
  generation: number;
  phase: RolloutPhase;
  services: Record<string, ServiceProgress>;
  message: string;
  /** Revisions that tasks still run; policy keeps these when it trims. */
  revisionsInUse: number[];
  startedAt: Time;
  updatedAt: Time;
}

// --- provisioner ----------------------------------------------------------------------------------------------

/** What a node offers. */
export interface NodeRecord {
  node: string;
  /** Those that people gave it; those of its engine are with the engine. */
  labels: Record<string, string>;
  engine: {
    kind: string;
    version: string;
    apiVersion: string;
    os: string;
    arch: string;
    labels?: Record<string, string>;
  };
  capacity: Resources;
  /** An address at which the node's published ports can be reached. */
  address: string;
  /** Its agent is declared gone this long after the last renewal of its lease. */
  leaseTtlMs: number;
  startedAt: Time;
}

export interface PublishedPort {
  host: number;
  container: number;
  protocol: 'tcp' | 'udp';
  hostIp?: string;
}

/** How the last run of a container ended. */
export interface ExitEvidence {
  code: number | null;
  oom: boolean;
  at: Time;
  /** Up to 50 last log lines; arrive in a second report, after healing has begun. */
  logs?: string[];
}

export type EngineHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** What a task's container really does. */
export interface StatusRecord extends TaskRef {
  slot: number;
  state: TaskState;
  /** Restarts in place so far. */
  restarts: number;
  /** What the engine's health check says; `none` where the service has none. */
  health: EngineHealth;
  /** The last probe's output when unhealthy. */
  probe?: string;
  container?: string;
  image: string;
  /** The image that it was made from, `sha256:…`, as a registry names it; absent where no registry has told. */
  digest?: string;
  revision: number;
  /** Network key to address. */
  addresses: Record<string, string>;
  ports: PublishedPort[];
  /** What goes on, for a person. */
  message?: string;
  /** What went wrong, for a person. */
  error?: string;
  lastExit?: ExitEvidence;
  /** What the agent did or will do about the last exit: `restarted in place (attempt 1)`. */
  action?: string;
  startedAt?: Time;
  finishedAt?: Time;
  /** When the state was entered. */
  since: Time;
}

// --- monitor --------------------------------------------------------------------------------------------------

export type Verdict = 'starting' | 'healthy' | 'unhealthy';

/** The monitor's verdict on a task that runs. */
export interface HealthRecord extends TaskRef {
  verdict: Verdict;
  reason: string;
  since: Time;
}

export type IncidentKind =
  'task-exited' | 'task-oom' | 'task-unhealthy' | 'task-rejected' | 'node-down' | 'nodes-missing' | 'service-crashed';

/** One failure: its cause, the evidence, what was done, how long it took. */
export interface IncidentRecord {
  incident: string;
  kind: IncidentKind;
  namespace: string;
  app?: string;
  service?: string;
  slot?: number;
  task?: string;
  node?: string;
  /** The nodes that vanished together. */
  nodes?: string[];
  cause: string;
  exitCode?: number | null;
  oom?: boolean;
  logs: string[];
  action: string;
  openedAt: Time;
  resolvedAt?: Time;
  downMs?: number;
}

// --- service-discovery ----------------------------------------------------------------------------------------

export interface Endpoint {
  task: string;
  node: string;
  slot: number;
  addresses: Record<string, string>;
  ports: PublishedPort[];
}

/** The healthy tasks of a service, ordered by slot. */
export interface EndpointsRecord extends ServiceRef {
  endpoints: Endpoint[];
  updatedAt: Time;
}

// --- metering -------------------------------------------------------------------------------------------------

/** One stretch of time in which a container ran, as its engine reports it. */
export interface Run {
  from: Time;
  to?: Time;
}

/** What a task has used. */
export interface UsageRecord extends TaskRef {
  slot: number;
  runs: Run[];
  /** Milliseconds of runs that were dropped from `runs` to bound it. */
  olderRunMs: number;
  /** When the first of the dropped runs began. */
  olderRunsFrom?: Time;
  cpuSeconds: number;
  memoryByteSeconds: number;
  /** The sample that was counted last: what comes again is told by its time. */
  lastSample?: { at: Time; cpuSeconds: number; memoryBytes: number };
  reserved: Resources;
  updatedAt: Time;
}

// --- samples and logs (not state) -----------------------------------------------------------------------------

/** Resource use of a task's container at one moment. */
export interface TaskSample extends TaskRef {
  at: Time;
  /** CPU time since the container started. */
  cpuSeconds: number;
  memoryBytes: number;
}

export interface LogLine {
  at: Time;
  stream: 'stdout' | 'stderr';
  line: string;
  task: string;
  node: string;
}

/** Record kind to its type: the catalogue of what STATE may hold. */
export interface Records {
  app: AppRecord;
  revision: RevisionRecord;
  outcome: OutcomeRecord;
  availability: AvailabilityRecord;
  rebalance: RebalanceRecord;
  liveness: LivenessRecord;
  moves: MovesRecord;
  task: TaskRecord;
  ledger: LedgerRecord;
  rollout: RolloutRecord;
  node: NodeRecord;
  status: StatusRecord;
  health: HealthRecord;
  incident: IncidentRecord;
  endpoints: EndpointsRecord;
  usage: UsageRecord;
}

export type RecordKind = keyof Records;
