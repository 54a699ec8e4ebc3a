import type {
  ApplicationSpec,
  EngineHealth,
  ExitEvidence,
  PublishedPort,
  ServiceSpec,
  StatusRecord,
  TaskRecord,
  TaskRef,
  TaskState,
  Time,
} from '@tutti/model';
import { NO_ATTEMPTS, seedAttempts, type Attempts } from './restart-policy.js';

/** What a task is to be made from: its revision's spec. */
export interface TaskPlan {
  app: ApplicationSpec;
  service: ServiceSpec;
}

/**
 * Where a container is. `unknown`: it is there, and has to be looked at; `starting`: the engine was asked to start it;
 * `dead`: the engine cannot use it any more, it has to be removed.
 */
export type ContainerPhase = 'unknown' | 'created' | 'starting' | 'running' | 'exited' | 'dead';

/** A container as the agent knows it. */
export interface ContainerView {
  id: string;
  phase: ContainerPhase;
  /** Of this run, by the engine's clock; absent until it was looked at. */
  startedAt?: Time;
  /** The last exit was seen by looking, so the engine's event of it may still come. */
  exitSeenByLooking?: boolean;
  /** Something does not fit: look again. */
  doubtful?: boolean;
  /** A look is under way, and nothing has happened since that would make its answer old. */
  looking?: boolean;
  /** The post_start hooks of this run have ended well. */
  hooked?: boolean;
}

/** Whether a run of a task's container has been seen to take connections. */
export interface Listening {
  /** When the run began, by the engine's clock. */
  run: string;
  /** `wanted`: to be asked; `asking`; `over`: it takes connections, or nobody knows better. */
  state: 'wanted' | 'asking' | 'over';
}

/** Everything the agent knows of one task. Changed by `learn` alone. */
export interface Life {
  ref: TaskRef;
  /** Absent: nobody wants it any more. */
  desired?: TaskRecord;
  plan?: TaskPlan;
  /** `missing`: the engine said so, or the policy wants a fresh one. */
  image: 'assumed' | 'missing' | 'ready';
  /** The image's name in the spec. */
  imageName: string;
  /** Which of those that the name has stood for, as its registry says: what its containers are made from. */
  digest?: string;
  container?: ContainerView;
  state: TaskState;
  since: Time;
  restarts: number;
  attempts: Attempts;
  health: EngineHealth;
  probe?: string;
  addresses: Record<string, string>;
  ports: PublishedPort[];
  message?: string;
  error?: string;
  action?: string;
  lastExit?: ExitEvidence;
  /** Whether the log lines of the last exit are still to be collected. */
  evidence: 'none' | 'wanted' | 'collecting';
  /** `collecting` only: nothing waits for it any longer then, in milliseconds of the agent's clock. */
  evidenceBy?: number;
  startedAt?: Time;
  finishedAt?: Time;
  /** Absent: nothing is to be found out. */
  listening?: Listening;
  /** Not to be started again before, in milliseconds of the agent's clock. */
  restartAt?: number;
  /** Calls that failed in a row, and when to try again. */
  tries: number;
  retryAt?: number;
  /** Nothing may be started on the node for now. */
  held?: boolean;
  /** The node may have been given up: what is fenced must not run. */
  cutOff?: boolean;
  /** Its container's labels say that it is fenced; where there is a plan, that one counts. */
  labelledFenced?: boolean;
  /** Why this run is to be ended: a post_start hook that failed. */
  hookFailure?: string;
  /** The kernel ended a process of this run for want of memory. */
  oom: boolean;
}

/** Whether its service wants it stopped while its node is cut off. */
export function isFenced({ plan, labelledFenced }: Life): boolean {
  return plan ? plan.service.onPartition === 'stop' : labelledFenced === true;
}

/** Whether the task must not run for now, because its node is cut off. */
export const isFencedOff = (life: Life): boolean => life.cutOff === true && isFenced(life);

type Observed = Pick<
  Life,
  'state' | 'since' | 'restarts' | 'health' | 'addresses' | 'ports' | 'imageName' | 'attempts' | 'evidence'
>;

/** A task that the agent has just heard of; `status` is what an earlier agent reported of it. */
export function beginLife(ref: TaskRef, status: StatusRecord | undefined, now: Time): Life {
  const { namespace, app, service, task, node } = ref;
  return {
    ref: { namespace, app, service, task, node },
    image: 'assumed',
    tries: 0,
    oom: false,
    ...(status ? observedBefore(status) : notObserved(now)),
  };
}

function notObserved(now: Time): Observed {
  return {
    state: 'accepted',
    since: now,
    restarts: 0,
    health: 'none',
    addresses: {},
    ports: [],
    imageName: '',
    attempts: NO_ATTEMPTS,
    evidence: 'none',
  };
}

function observedBefore(status: StatusRecord): Observed & Partial<Life> {
  const { state, since, restarts, health, probe, addresses, ports, message, error, action } = status;
  const { lastExit, startedAt, finishedAt, container, image, digest } = status;
  return {
    ...{ state, since, restarts, health, probe, addresses, ports, message, error, action },
    ...{ lastExit, startedAt, finishedAt, imageName: image, digest },
    container: container ? { id: container, phase: 'unknown' } : undefined,
    attempts: lastExit ? seedAttempts(restarts, Date.parse(lastExit.at)) : NO_ATTEMPTS,
    evidence: lastExit && !lastExit.logs ? 'wanted' : 'none',
    // What an earlier agent has told to be ready is not asked again.
    ...(startedAt !== undefined && health !== 'starting' && { listening: { run: startedAt, state: 'over' as const } }),
  };
}
