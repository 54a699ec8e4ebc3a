import { measuredAt, shiftsIn } from './analysis.js';
import { changesOf, kept, orphaned } from './changes.js';
import { earlier, noDecisions, type Decisions } from './decisions.js';
import { dependentsLeft, dependentToMove, unmetDependency } from './dependencies.js';
import { courseOf, type Course } from './course.js';
import { drainDueAt } from './drain.js';
import { placeWishes } from './placing.js';
import { MOST_TASKS, type Plan } from './plan.js';
import { watchDueAt } from './phase.js';
import { progressOf } from './progress.js';
import type { Shifting, SlotContext } from './slot-work.js';
import { shiftOf } from './shift.js';
import { decideSlots } from './slots.js';
import { isTooMuch } from './update-failures.js';
import { isBack, servicesOf, type AppView, type ServiceView } from './view.js';
import type { Nodes } from './node-view.js';

/**
 * Compares what is wanted of an application with its tasks and says what to write. Pure: the same picture gives the
 * same plan, so whoever restarts, or loses a race, just looks again.
 * @param now epoch ms
 */
export function reconcile(seen: AppView, nodes: Nodes, now: number): Plan {
  const course = courseOf(seen, nodes, now);
  const view: AppView = { ...seen, revision: course.revision };
  const services = new Map(servicesOf(view, nodes).map((service) => [service.name, service]));
  const decided = new Map(
    [...services].map(([name, service]) => [name, decide(service, { view, course, services, now })]),
  );
  const all = [...decided.values()];
  const forget = all.flatMap((decisions) => decisions.forget);
  const situation = { now, isRemoving: view.app.state === 'removing' };
  const change = [...services].flatMap(([name, service]) =>
    changesOf(service, decided.get(name) ?? noDecisions(), situation),
  );
  // What gives room back comes first: nothing is placed on room that this commit does not free.
  const most = MOST_TASKS - forget.length - change.length;
  const placed = placeWishes(view, nodes, { services, decided, now, most });
  const delays = [...all.flatMap(({ delays: own }) => own), ...placed.delays];
  return {
    create: placed.create,
    change: [
      ...change.slice(0, Math.max(0, MOST_TASKS - forget.length)),
      ...placed.orphans.map(orphaned),
      ...placed.keep.map(kept),
    ],
    forget: [...new Set([...forget.slice(0, MOST_TASKS), ...placed.forget])],
    volumes: Object.fromEntries([...services].map(([name, { volumes }]) => [name, volumes])),
    rollout: progressOf(view, {
      course,
      services,
      decided,
      delays,
      isMaking: placed.create.some(({ failures }) => failures < 2),
      now,
    }),
    wakeAt: earlier(wakeAtOf(services, decided, now), watchDueAt({ course, services, now })),
    blocked: placed.delays.length > 0,
    isCut: placed.isCut || most < 0,
  };
}

function wakeAtOf(
  services: ReadonlyMap<string, ServiceView>,
  decided: ReadonlyMap<string, Decisions>,
  now: number,
): number | undefined {
  const times = [
    ...[...decided.values()].map(({ wakeAt }) => wakeAt),
    ...[...services.values()].map((service) => drainDueAt(service, now)),
  ];
  return times.reduce(earlier, undefined);
}

interface Situation {
  view: AppView;
  course: Course;
  services: ReadonlyMap<string, ServiceView>;
  now: number;
}

function decide(service: ServiceView, { view, course, services, now }: Situation): Decisions {
  if (view.app.state === 'removing' && dependentsLeft(service, services)) return noDecisions();
  const gate = unmetDependency(service, services);
  const dependent = dependentToMove(service, services);
  const shifting = shiftingOf(service, { view, course, services, now });
  return decideSlots(service, {
    now,
    cause: causeOf(view, { service, course }),
    failures: bearing(service, course),
    ...(gate !== undefined && { gate }),
    ...(dependent !== undefined && { dependent }),
    ...(shifting && { shifting }),
    ...(course.rolledBack && { backSince: course.since }),
  });
}

/** What is brought back comes as `rollback_config` says: what it takes over from has failed, or is not wanted. */
function shiftingOf(service: ServiceView, { view, course, now }: Situation): Shifting | undefined {
  const { app } = view;
  if (app.state === 'removing' || isBack(view)) return undefined;
  const { promoted, revision } = app;
  const before = shiftsIn(view)[service.name];
  const record = view.analyses?.[service.name];
  return shiftOf(service, {
    before,
    measured: before && measuredAt(before, { revision, record }),
    promoted: promoted?.revision === app.revision ? (promoted.steps[service.name] ?? 0) : 0,
    isPaused: course.updates[service.name]?.paused !== undefined,
    now,
  });
}

/** What failures of its update mean for a service. One that is rolled out for the first time tries again and again. */
function bearing(service: ServiceView, { updates }: Course): SlotContext['failures'] {
  const update = updates[service.name];
  if (update?.paused !== undefined) return 'stop';
  if (!update || update.failures === 0) return 'none';
  return service.update?.failureAction === 'continue' || !isTooMuch(update, service) ? 'are borne' : 'none';
}

/** What a new task of this service is made for. */
function causeOf({ app, revision }: AppView, { service, course }: { service: ServiceView; course: Course }): string {
  if (service.tasks.some((task) => task.record.digest === service.digest)) {
    if (service.tasks.some((task) => task.record.restartEpoch !== service.restartEpoch)) return 'restart asked for';
    if (app.scale[service.name] !== undefined) return `scaled to ${service.desired}`;
  }
  const { rolledBack } = course;
  if (rolledBack) return `back to revision ${rolledBack.to}, since ${rolledBack.cause}`;
  return revision.rollbackOf === undefined
    ? `deploy of revision ${app.revision}`
    : `rollback to revision ${revision.rollbackOf}`;
}
