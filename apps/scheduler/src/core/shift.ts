import type { AnalysisRecord, RolloutSpec, Shift } from '@tutti/model';
import { judge, type Judgement } from './analysis.js';
import type { Shifting } from './slot-work.js';
import { effectiveOrder, isWatched } from './update.js';
import { hasEnded, isCurrent, isLive, isScout, isServing, type ServiceView, type TaskView } from './view.js';

interface Around {
  /** As it stood before. */
  before: Shift | undefined;
  /** Of its requests, at the step at which it stood. */
  measured: AnalysisRecord | undefined;
  /** The step that a person wants it to have at least. */
  promoted: number;
  /** More has failed than the file puts up with. */
  isPaused: boolean;
  /** Epoch ms. */
  now: number;
}

interface Stage {
  share: number;
  tasks: number;
}

/** A canary's last step is all of the traffic, like that of blue-green, whose first one is none. */
function stagesOf(rollout: RolloutSpec, desired: number): Stage[] {
  const all = { share: 100, tasks: desired };
  if (rollout.strategy === 'blue-green') return [{ share: 0, tasks: desired }, all];
  return [...rollout.steps.map((share) => ({ share, tasks: Math.ceil((desired * share) / 100) })), all];
}

/**
 * Where the traffic of a service stands; undefined where it does not move: its version is the one before, it says nothing
 * of a rollout, or its tasks cannot be side by side. A step has its share once all its tasks serve, and is left for the next
 * one when they have been watched, its pause is over and enough of its requests was measured, or somebody promotes it. Old
 * tasks go when the last step has lasted as long as new tasks are watched, and was measured: till then going back costs nothing.
 */
export function shiftOf(service: ServiceView, around: Around): Shifting | undefined {
  const { digest, desired } = service;
  const rollout = service.spec?.rollout;
  if (!rollout || !isMoving(service)) return undefined;
  const stages = stagesOf(rollout, desired);
  const known = around.before?.digest === digest ? around.before : undefined;
  let step = Math.min(known?.step ?? 1, stages.length);
  const from = { stages, step, since: epoch(known?.since), measured: known && around.measured };
  let at = stepOf(service, from, around);
  while (at.isDue && step < stages.length)
    at = stepOf(service, { stages, step: ++step, since: undefined, measured: undefined }, around);
  return {
    shift: shown(rollout, { digest, stages, step, at }),
    tasks: stages[step - 1]?.tasks ?? desired,
    holds: !at.isDue,
    ...(at.dueAt !== undefined && { dueAt: at.dueAt }),
  };
}

/** What there is to say of a step. A person who is asked to promote it is not told to wait for requests. */
function shown(rollout: RolloutSpec, of: { digest: string; stages: readonly Stage[]; step: number; at: Stand }): Shift {
  const { digest, stages, step, at } = of;
  const { since, isWell, waitsFor } = at;
  const [before, now] = [stages[step - 2], stages[step - 1]];
  const isManual = step < stages.length && pauseOf(rollout) === Infinity;
  return {
    ...{ digest, step, steps: stages.length },
    share: (since === undefined ? before?.share : now?.share) ?? 0,
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(isWell && isManual && { waits: true as const }),
    ...(rollout.analysis && { measured: true as const }),
    ...(waitsFor !== undefined && !isManual && { waitsFor }),
  };
}

/** Whether tasks of another version are there, and tasks of this one can be beside them. */
function isMoving(service: ServiceView): boolean {
  const isOther = (task: TaskView): boolean => task.record.digest !== service.digest;
  const outdated = service.tasks.filter((task) => isOther(task) && !hasEnded(task) && !isScout(task));
  return service.desired > 0 && outdated.length > 0 && effectiveOrder(service, outdated) === 'start-first';
}

interface Step {
  stages: readonly Stage[];
  step: number;
  /** Since when it has its share, epoch ms. */
  since: number | undefined;
  /** Of its requests. */
  measured: AnalysisRecord | undefined;
}

interface Stand {
  since: number | undefined;
  isWell: boolean;
  isDue: boolean;
  dueAt?: number;
  /** What is still to be measured. */
  waitsFor?: string;
}

/** Since when a step has its share, whether its tasks have been watched, and whether it is over; `dueAt`: when its time is. */
function stepOf(
  service: ServiceView,
  { stages, step, since: before, measured }: Step,
  { promoted, isPaused, now }: Around,
): Stand {
  const { rollout } = service.spec ?? {};
  const { tasks, share } = stages[step - 1] ?? { tasks: 0, share: 0 };
  const since = before ?? (slotsWith(service, isServing) >= tasks ? now : undefined);
  if (since === undefined) return { since, isWell: false, isDue: false };
  const isLast = step === stages.length;
  const until = since + (isLast ? watchOf(service) : pauseOf(rollout));
  const isWell = !isPaused && slotsWith(service, (task) => isWatched(service, task, now)) >= tasks;
  const { breach, waitsFor } = isPaused ? {} : judgementOf(rollout, { share, measured });
  const isPromoted = promoted > step;
  // A person may pass over what is still to be measured, but not over the time for which the last step is watched.
  const isGood = isPromoted || (breach ?? waitsFor) === undefined;
  const isDue = isWell && ((now >= until && isGood) || (isPromoted && !isLast));
  return {
    ...{ since, isWell, isDue },
    ...(until > now && Number.isFinite(until) && { dueAt: until }),
    ...(!isGood && { waitsFor }),
  };
}

/** Where nothing is held to anything there is nothing to judge. */
const judgementOf = (rollout: RolloutSpec | undefined, seen: Parameters<typeof judge>[1]): Judgement =>
  rollout?.analysis ? judge(rollout.analysis, seen) : {};

/** How long the last step is kept at least. */
const watchOf = ({ update }: ServiceView): number => update?.monitorMs ?? 0;

/** How long a step other than the last is kept at least; infinite: until somebody promotes it. */
function pauseOf(rollout: RolloutSpec | undefined): number {
  return rollout?.strategy === 'canary' ? (rollout.pauseMs ?? Infinity) : 0;
}

const epoch = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

/** Slots with a task of the new version of which this holds. */
function slotsWith(service: ServiceView, holds: (task: TaskView) => boolean): number {
  const tasks = service.tasks.filter((task) => isLive(task) && isCurrent(service, task) && holds(task));
  return new Set(tasks.map(({ record }) => record.slot)).size;
}
