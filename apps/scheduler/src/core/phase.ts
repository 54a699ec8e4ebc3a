import type { RolloutPhase, ServiceProgress } from '@tutti/model';
import type { Course } from './course.js';
import type { Decisions, Delay } from './decisions.js';
import { slotsOf } from './slot.js';
import { delayDueAt, isWatched, watchedAt } from './update.js';
import { isRetried } from './update-failures.js';
import { hasEnded, isCurrent, isJob, isLive, isReady, isServing } from './view.js';
import type { AppView, ServiceView, TaskView } from './view.js';

/** What a look at an application has come to. */
export interface Picture {
  course: Course;
  services: ReadonlyMap<string, ServiceView>;
  decided: ReadonlyMap<string, Decisions>;
  delays: readonly Delay[];
  /** Whether tasks are being made, other than to try again what has failed. */
  isMaking: boolean;
  now: number;
}

/** Where a rollout stands. */
export function phaseOf(view: AppView, picture: Picture, services: Record<string, ServiceProgress>): RolloutPhase {
  const { app, tasks, revision } = view;
  if (app.state === 'removing') return tasks.every(({ record }) => record.orphaned) ? 'removed' : 'removing';
  const isBack = revision.revision !== app.revision;
  const all = [...picture.services.values()];
  const isThere = all.every((service) => isSettled(service, services[service.name]));
  if (isThere && !broughtIn(picture).some(([service, task]) => !isWatched(service, task, picture.now)))
    return isBack ? 'rolled-back' : 'done';
  // What failed is tried on where nothing else serves, but whoever waits for the rollout would wait in vain.
  if (Object.values(services).some(({ update }) => update?.paused !== undefined)) return isBack ? 'failed' : 'paused';
  if (isHopeless(picture) && isStuck(picture)) return 'failed';
  return isBack ? 'rolling-back' : 'progressing';
}

/** Every slot has its task, healthy or completed, and nothing else is left. */
function isSettled(service: ServiceView, progress: ServiceProgress | undefined): boolean {
  const leftover = service.tasks.some(
    (task) => !hasEnded(task) && (task.record.target !== 'run' || !isCurrent(service, task)),
  );
  return !leftover && progress?.healthy === service.desired;
}

const isHopeless = (picture: Picture): boolean =>
  picture.delays.some((delay) => delay.hopeless) || broughtIn(picture).some(([, task]) => isRetried(task));

/** Nothing is under way that could still change the picture. */
function isStuck(picture: Picture): boolean {
  const { services, decided, isMaking, now } = picture;
  const isMoving = (service: ServiceView): boolean =>
    delayDueAt(service, slotsOf(service), now) !== undefined ||
    service.tasks.some(
      (task) => !hasEnded(task) && !isRetried(task) && !(task.record.target === 'run' && isReady(task)),
    );
  const isDeciding = [...decided.values()].some(({ stops, waiting }) => stops.length > 0 || waiting !== undefined);
  const isWatching = broughtIn(picture).some(
    ([service, task]) => isServing(task) && !isRetried(task) && !isWatched(service, task, now),
  );
  return !isMaking && !isDeciding && !isWatching && ![...services.values()].some(isMoving);
}

/** When the next of the tasks that an update has brought will have been watched, epoch ms. */
export function watchDueAt(picture: Pick<Picture, 'course' | 'services' | 'now'>): number | undefined {
  const times = broughtIn(picture).map(([service, task]) => watchedAt(service, task) ?? 0);
  const due = times.filter((at) => at > picture.now);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** The tasks that an update has brought, as long as it is not done. */
function broughtIn({ course, services }: Pick<Picture, 'course' | 'services'>): [ServiceView, TaskView][] {
  if (course.doneAt !== undefined) return [];
  return [...services.values()].flatMap((service) =>
    service.spec && !isJob(service.spec) && course.updated.has(service.name)
      ? service.tasks
          .filter((task) => isLive(task) && isCurrent(service, task) && task.record.createdAt >= course.since)
          .map((task): [ServiceView, TaskView] => [service, task])
      : [],
  );
}
