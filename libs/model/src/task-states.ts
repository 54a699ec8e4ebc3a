/** What a task's container really does, as its agent observes it. */
export type TaskState =
  'accepted' | 'preparing' | 'starting' | 'running' | 'complete' | 'stopped' | 'failed' | 'rejected' | 'orphaned';

/**
 * What the scheduler wants of a task. It only ever moves to the right, and never from `prepare`: such a task brings its
 * image to the node, completes, and is forgotten once the one that it prepares is there.
 */
export type TaskTarget = 'prepare' | 'run' | 'drain' | 'stop';

/** Ranks leave gaps so that a state can be added between two (after SwarmKit's TaskState, api/types.proto). */
export const STATE_RANK: Record<TaskState, number> = {
  accepted: 100,
  preparing: 200,
  starting: 300,
  running: 400,
  complete: 500,
  stopped: 510,
  failed: 520,
  rejected: 530,
  orphaned: 600,
};

export const TARGET_RANK: Record<TaskTarget, number> = { prepare: 0, run: 0, drain: 100, stop: 200 };

/** Services that own a transition. All others give verdicts, answers, tables and sums. */
export type TransitionOwner = 'scheduler' | 'provisioner';

export interface Transition<State> {
  from: State | 'none';
  to: State;
  owner: TransitionOwner;
}

const provisioner = (from: TaskState | 'none', ...to: TaskState[]): Transition<TaskState>[] =>
  to.map((state) => ({ from, to: state, owner: 'provisioner' }));

/**
 * Every edge of the observed state within one run of a container. A restart in place begins a new run:
 * observations are ordered by (restarts, rank), see {@link supersedes}.
 *
 * `orphaned` is the one state that its agent does not report: the scheduler gives that verdict on a node that
 * is down. It is written into the scheduler's own record, so no two services own an edge out of the same state.
 */
export const STATE_TRANSITIONS: readonly Transition<TaskState>[] = [
  ...provisioner('none', 'accepted'),
  ...provisioner('accepted', 'preparing', 'starting', 'running', 'complete', 'stopped', 'rejected', 'failed'),
  ...provisioner('preparing', 'starting', 'complete', 'stopped', 'rejected', 'failed'),
  ...provisioner('starting', 'running', 'complete', 'stopped', 'rejected', 'failed'),
  ...provisioner('running', 'complete', 'stopped', 'failed'),
];

export const TARGET_TRANSITIONS: readonly Transition<TaskTarget>[] = [
  { from: 'none', to: 'prepare', owner: 'scheduler' },
  { from: 'none', to: 'run', owner: 'scheduler' },
  { from: 'run', to: 'drain', owner: 'scheduler' },
  { from: 'run', to: 'stop', owner: 'scheduler' },
  { from: 'drain', to: 'stop', owner: 'scheduler' },
];

/** Whether a task in this state will never run again. */
export function isTerminal(state: TaskState): boolean {
  return STATE_RANK[state] >= STATE_RANK.complete;
}

/** Whether a task in this state ended other than as it was asked to. */
export function isFailure(state: TaskState): boolean {
  return state === 'failed' || state === 'rejected' || state === 'orphaned';
}

/** One observation of a task: the run it speaks of, counted in restarts in place, and the state in it. */
export interface Observation {
  restarts: number;
  state: TaskState;
}

/** Whether `next` says more than `previous`: a later run, or a higher rank in the same run. */
export function supersedes(next: Observation, previous: Observation | undefined): boolean {
  if (!previous) return true;
  if (isTerminal(previous.state)) return false;
  if (next.restarts !== previous.restarts) return next.restarts > previous.restarts;
  return STATE_RANK[next.state] > STATE_RANK[previous.state];
}
