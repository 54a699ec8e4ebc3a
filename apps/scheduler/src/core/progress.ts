import type { PendingSlot, RolloutPhase, RolloutRecord, ServiceProgress } from '@tutti/model';
import type { Decisions, Delay } from './decisions.js';
import {
  hasEnded,
  hasFailed,
  isComplete,
  isCurrent,
  isJob,
  isLive,
  isReady,
  isRunning,
  type AppView,
  type ServiceView,
  type TaskView,
} from './view.js';

interface Picture {
  services: ReadonlyMap<string, ServiceView>;
  decided: ReadonlyMap<string, Decisions>;
  delays: readonly Delay[];
  now: number;
}

/** How far the application is on the way to what is wanted, as its rollout record. */
export function progressOf(view: AppView, picture: Picture): RolloutRecord {
  const { app, rollout } = view;
  const time = new Date(picture.now).toISOString();
  const services: Record<string, ServiceProgress> = {};
  for (const service of picture.services.values()) services[service.name] = serviceProgress(view, service, picture);
  const phase = phaseOf(view, picture, services);
  const same = rollout?.generation === app.generation;
  return {
    namespace: app.namespace,
    app: app.app,
    revision: app.revision,
    generation: app.generation,
    phase,
    services,
    message: messageOf(phase, services, picture.delays),
    revisionsInUse: [...new Set(view.tasks.map((task) => task.record.revision))].sort((a, b) => a - b),
    startedAt: same ? rollout.startedAt : time,
    updatedAt: time,
  };
}

/** Whether two records say the same, whenever they were written. */
export function sameRollout(a: RolloutRecord | undefined, b: RolloutRecord): boolean {
  return a !== undefined && JSON.stringify({ ...a, updatedAt: '' }) === JSON.stringify({ ...b, updatedAt: '' });
}

function serviceProgress(view: AppView, service: ServiceView, { decided, delays, now }: Picture): ServiceProgress {
  const current = service.tasks.filter((task) => task.record.target === 'run' && isCurrent(service, task));
  const job = service.spec !== undefined && isJob(service.spec);
  const good = (task: TaskView): boolean => isReady(task) || isComplete(task);
  const waiting = decided.get(service.name)?.waiting;
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

function phaseOf(view: AppView, picture: Picture, services: Record<string, ServiceProgress>): RolloutPhase {
  if (view.app.state === 'removing') return view.tasks.every(({ record }) => record.orphaned) ? 'removed' : 'removing';
  if ([...picture.services.values()].every((service) => isSettled(service, services[service.name]))) return 'done';
  return picture.delays.some((delay) => delay.hopeless) && isStuck(picture) ? 'failed' : 'progressing';
}

/** Every slot has its task, healthy or completed, and nothing else is left. */
function isSettled(service: ServiceView, progress: ServiceProgress | undefined): boolean {
  const leftover = service.tasks.some(
    (task) => !hasEnded(task) && (task.record.target !== 'run' || !isCurrent(service, task)),
  );
  return !leftover && progress?.healthy === service.desired;
}

/** Nothing is under way that could still change the picture. */
function isStuck({ services, decided }: Picture): boolean {
  const moving = [...services.values()].some((service) =>
    service.tasks.some((task) => !hasEnded(task) && (task.record.target !== 'run' || !isReady(task))),
  );
  const deciding = [...decided.values()].some(({ stops, waiting }) => stops.length > 0 || waiting !== undefined);
  return !moving && !deciding;
}

function messageOf(phase: RolloutPhase, services: Record<string, ServiceProgress>, delays: readonly Delay[]): string {
  if (phase === 'removed') return 'removed';
  const all = Object.values(services);
  const sum = (pick: (progress: ServiceProgress) => number): number => all.reduce((total, one) => total + pick(one), 0);
  const head = `${sum((one) => one.healthy)} of ${sum((one) => one.desired)} tasks up`;
  const [delay] = delays;
  const waiting = Object.entries(services).find(([, progress]) => progress.waiting !== undefined);
  if (delay) return `${head}; ${delay.service}.${delay.slot}: ${delay.reason}`;
  return waiting ? `${head}; ${waiting[0]} ${waiting[1].waiting}` : head;
}
