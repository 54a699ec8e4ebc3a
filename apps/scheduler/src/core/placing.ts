import type { ServiceSpec } from '@tutti/model';
import type { Decisions, Delay, Loss, Wish } from './decisions.js';
import { failedBefore, failuresByNode } from './failure.js';
import { heldPorts } from './ledger.js';
import { Seeker, type Placement } from './placement/seeker.js';
import type { NewTask } from './plan.js';
import { Room } from './room.js';
import type { Nodes } from './node-view.js';
import {
  hasEnded,
  hasFailed,
  isCurrent,
  isGlobal,
  isScout,
  isStranded,
  type AppView,
  type ServiceView,
  type TaskView,
} from './view.js';

/** Where the wishes of an application find room. */
export interface Placed {
  create: NewTask[];
  forget: TaskView[];
  /** Tasks on nodes that are down whose successors have found room. */
  orphans: Loss[];
  /** Tasks that were to move for the sake of balance and have no room where they were to go. */
  keep: TaskView[];
  /** Wishes that no node can take now. */
  delays: Delay[];
  /** Wishes are left that nobody has looked at. */
  isCut: boolean;
}

/** What is to be done about each service. */
export interface Intentions {
  services: ReadonlyMap<string, ServiceView>;
  decided: ReadonlyMap<string, Decisions>;
  /** Epoch ms. */
  now: number;
  /** Tasks that may be written; what is left then is placed when it is looked at again, on what there is then. */
  most: number;
}

/** Places wishes one after the other, each on what those before it left over. */
export function placeWishes(view: AppView, nodes: Nodes, { services, decided, now, most }: Intentions): Placed {
  const room = new Room(nodes);
  const placed: Placed = { create: [], forget: [], orphans: [], keep: [], delays: [], isCut: false };
  for (const decisions of decided.values()) decisions.forget.forEach((task) => room.free(task));
  for (const [name, decisions] of decided) {
    const service = services.get(name);
    if (!service?.spec || decisions.wishes.length === 0) continue;
    const { spec } = service;
    const work = { view, service, spec, room, seeker: seekerOf(service, { spec, room, now }), placed };
    for (const wish of decisions.wishes) {
      // A task, what it frees and what is given up for it are written at once, or not at all.
      if (sizeOf(placed) >= most) return { ...placed, isCut: true };
      placeOne(wish, work);
    }
  }
  return placed;
}

const sizeOf = ({ create, forget, orphans, keep }: Placed): number =>
  create.length + forget.length + orphans.length + keep.length;

interface Work {
  view: AppView;
  service: ServiceView;
  spec: ServiceSpec;
  room: Room;
  seeker: Seeker;
  placed: Placed;
}

/** A service that runs on each node has a slot for each: there it runs once, and twice while it is updated start-first. */
function seekerOf(service: ServiceView, { spec, room, now }: Pick<Work, 'spec' | 'room'> & { now: number }): Seeker {
  const scouted = new Set(
    service.tasks.filter((task) => isScout(task) && !hasFailed(task)).map(({ record }) => record.slot),
  );
  // A scout stands for its successor, and what that replaces is as good as gone.
  const isCounted = (task: TaskView): boolean =>
    isScout(task) ? !hasFailed(task) : !hasEnded(task) && (isCurrent(service, task) || !scouted.has(task.record.slot));
  const live = (task: TaskView): number => (!isGlobal(spec) && isCounted(task) && !isStranded(task) ? 1 : 0);
  return new Seeker(room, {
    service: service.name,
    spec,
    volumes: service.volumes,
    tasksOfService: countByNode(service.tasks, live),
    failuresOfService: failuresByNode(service, now),
  });
}

function placeOne(wish: Wish, work: Work): void {
  const { view, service, room, seeker, placed } = work;
  const { frees, awaits = [] } = wish;
  const before = [...frees, ...awaits].flatMap(({ record }) => room.get(record.node) ?? []);
  const changed = (): void => before.forEach(({ record }) => seeker.changed(record.node));
  [...frees, ...awaits].forEach((task) => room.free(task));
  awaits.forEach(({ record }) => seeker.left(record.node));
  changed();
  const placement = find(wish, seeker);
  if (!placement.ok || awaits.length > 0) before.forEach((node) => room.put(node));
  if (!placement.ok) {
    awaits.forEach(({ record }) => seeker.placed(record.node));
    changed();
    if (!wish.isOptional) placed.delays.push(delayOf(wish, placement.why));
    else if (wish.replaces) placed.keep.push(wish.replaces);
    return;
  }
  // What is waited for holds its room until it has gone.
  if (awaits.length > 0) frees.forEach((task) => room.free(task));
  changed();
  const node = placement.node.record.node;
  const task = newTask(view, service, { wish, node, placement });
  room.take(task, { id: `new-${service.name}-${wish.slot}`, volumes: service.volumes });
  seeker.placed(node);
  placed.create.push(task);
  placed.forget.push(...wish.frees);
  placed.orphans.push(...(wish.orphans ?? []).map((lost) => ({ task: lost, cause: wish.cause })));
}

function find(wish: Wish, seeker: Seeker): Placement {
  const wanted = { avoidPorts: doubtful(wish), ...(wish.avoid !== undefined && { avoid: wish.avoid }) };
  if (wish.only) return seeker.find({ ...wanted, only: wish.only });
  const there = wish.prefer === undefined ? undefined : { node: wish.prefer, because: 'its image is there' };
  const placement = there && seeker.find({ ...wanted, only: there });
  return placement?.ok ? placement : seeker.find(wanted);
}

function delayOf(wish: Wish, why: string): Delay {
  const node = wish.only?.node ?? (wish.orphans || wish.isMove ? wish.replaces?.record.node : undefined);
  return {
    service: wish.service,
    slot: wish.slot,
    reason: wish.orphans || wish.isMove ? `${wish.cause}: ${why}` : why,
    hopeless: !wish.isMove,
    ...(node !== undefined && { node }),
  };
}

/** Somebody outside may hold the host ports of a task that could not start: its successor tries others first. */
function doubtful({ replaces }: Wish): string[] {
  if (replaces?.status?.state !== 'rejected') return [];
  return heldPorts(replaces.record.ports);
}

function newTask(
  { app, revision }: AppView,
  service: ServiceView,
  { wish, node, placement }: { wish: Wish; node: string; placement: { ports: NewTask['ports']; why: string } },
): NewTask {
  return {
    namespace: app.namespace,
    app: app.app,
    service: service.name,
    node,
    slot: wish.slot,
    revision: revision.revision,
    digest: service.digest,
    restartEpoch: service.restartEpoch,
    target: wish.awaits ? 'prepare' : 'run',
    reserved: (wish.awaits ? undefined : service.spec?.reservations) ?? { cpuMillis: 0, memoryBytes: 0 },
    ports: wish.awaits ? [] : placement.ports,
    cause: wish.cause,
    placement: placement.why,
    failures: wish.failures,
    ...(wish.replaces && { replaces: wish.replaces.record.task }),
    ...failedBefore(wish),
  };
}

/** Node to the sum of a number that each task counts there. */
function countByNode(tasks: readonly TaskView[], count: (task: TaskView) => number): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const task of tasks) add(numbers, task.record.node, count(task));
  return numbers;
}

function add(numbers: Map<string, number>, node: string, count: number): void {
  if (count > 0) numbers.set(node, (numbers.get(node) ?? 0) + count);
}
