import type { PendingSlot, RolloutRecord, ServiceProgress } from '@tutti/model';
import { arrived, type Course } from './course.js';
import type { Delay } from './decisions.js';
import { messageOf } from './message.js';
import { phaseOf, type Picture } from './phase.js';
import { hasEnded, hasFailed, isComplete, isCurrent, isJob, isLive, isReady, isRunning } from './view.js';
import type { AppView, ServiceView, TaskView } from './view.js';

/** How far the application is on the way to what is wanted, as its rollout record. */
export function progressOf(view: AppView, picture: Picture): RolloutRecord {
  const { app, rollout } = view;
  const time = new Date(picture.now).toISOString();
  const services: Record<string, ServiceProgress> = {};
  for (const service of picture.services.values()) services[service.name] = serviceProgress(view, service, picture);
  const phase = phaseOf(view, picture, services);
  const hasArrived = phase === 'done' || phase === 'rolled-back';
  const course = hasArrived ? arrived(picture.course, app.revision, picture.now) : picture.course;
  return {
    namespace: app.namespace,
    app: app.app,
    revision: app.revision,
    generation: app.generation,
    phase,
    ...courseFields(course, app.revision),
    services,
    message: messageOf({ phase, services, course, delays: picture.delays }),
    revisionsInUse: [...new Set(view.tasks.map((task) => task.record.revision))].sort((a, b) => a - b),
    startedAt: rollout?.generation === app.generation ? rollout.startedAt : time,
    updatedAt: time,
  };
}

function courseFields(course: Course, asked: number): Partial<RolloutRecord> {
  const { revision, since, doneAt, stable, earlier, rolledBack, givenUp, failure } = course;
  return {
    ...(revision.revision !== asked && { target: revision.revision }),
    targetSince: since,
    ...(doneAt !== undefined && { doneAt }),
    ...(stable !== undefined && { stable }),
    ...(earlier !== undefined && { earlier }),
    ...(rolledBack && { rolledBack }),
    ...(givenUp && { givenUp }),
    ...(failure && { failure }),
  };
}

/** Whether two records say the same, whenever they were written. */
export function sameRollout(a: RolloutRecord | undefined, b: RolloutRecord): boolean {
  return a !== undefined && JSON.stringify({ ...a, updatedAt: '' }) === JSON.stringify({ ...b, updatedAt: '' });
}

function serviceProgress(
  view: AppView,
  service: ServiceView,
  { course, decided, delays, now }: Picture,
): ServiceProgress {
  const current = service.tasks.filter((task) => task.record.target === 'run' && isCurrent(service, task));
  const job = service.spec !== undefined && isJob(service.spec);
  const good = (task: TaskView): boolean => isReady(task) || isComplete(task);
  const { waiting, shift } = decided.get(service.name) ?? {};
  const update = Object.hasOwn(course.updates, service.name) ? course.updates[service.name] : undefined;
  return {
    desired: service.desired,
    updated: slotsWhere(current, (task) => isRunning(task) || isComplete(task)),
    running: slotsWhere(service.tasks, (task) => isLive(task) && isRunning(task)),
    healthy: slotsWhere(current, job ? isComplete : good),
    failed: current.filter((task) => hasEnded(task) && hasFailed(task)).length,
    pending: pendingSlots(
      delays.filter((delay) => delay.service === service.name),
      { before: view.rollout?.services[service.name]?.pending ?? [], now },
    ),
    ...(waiting !== undefined && { waiting }),
    ...(shift && { shift }),
    ...(update && { update }),
  };
}

/** A slot whose task is about to be replaced has two tasks, and counts once. */
function slotsWhere(tasks: readonly TaskView[], holds: (task: TaskView) => boolean): number {
  return new Set(tasks.filter(holds).map(({ record }) => record.slot)).size;
}

function pendingSlots(
  delays: readonly Delay[],
  { before, now }: { before: readonly PendingSlot[]; now: number },
): PendingSlot[] {
  const since = new Map(before.map((pending) => [pending.slot, pending.since]));
  return delays.map(({ slot, reason, node }) => {
    const at = since.get(slot) ?? new Date(now).toISOString();
    return { slot, reason, ...(node !== undefined && { node }), since: at };
  });
}
