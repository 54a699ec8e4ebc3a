import type { Decisions, Delay, Loss, Wish } from './decisions.js';
import { giveBack, portKey, promise } from './ledger.js';
import { place } from './placement/place.js';
import type { NewTask } from './plan.js';
import type { NodeView } from './node-view.js';
import { hasEnded, hasFailed, isGlobal, isStranded, type AppView, type ServiceView, type TaskView } from './view.js';

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
}

/** Places wishes one after the other, each on what those before it left over. */
export function placeWishes(
  view: AppView,
  nodes: readonly NodeView[],
  { services, decided }: { services: ReadonlyMap<string, ServiceView>; decided: ReadonlyMap<string, Decisions> },
): Placed {
  const room = new Room(nodes);
  const placed: Placed = { create: [], forget: [], orphans: [], keep: [], delays: [] };
  for (const decisions of decided.values()) decisions.forget.forEach((task) => room.free(task));
  for (const [name, decisions] of decided) {
    const service = services.get(name);
    if (!service?.spec || decisions.wishes.length === 0) continue;
    const counts = countByNode(service, (task) => !hasEnded(task) && !isStranded(task));
    for (const wish of decisions.wishes) placeOne(wish, { view, service, room, counts, placed });
  }
  return placed;
}

/** The nodes with what is promised on them while a plan is made. */
class Room {
  private readonly nodes: Map<string, NodeView>;

  constructor(nodes: readonly NodeView[]) {
    this.nodes = new Map(nodes.map((node) => [node.record.node, node]));
  }

  all(): NodeView[] {
    return [...this.nodes.values()];
  }

  free({ record }: TaskView): void {
    const node = this.nodes.get(record.node);
    if (node && !record.released) this.nodes.set(record.node, { ...node, ledger: giveBack(node.ledger, record) });
  }

  take(task: NewTask, { id, volumes }: { id: string; volumes: readonly string[] }): void {
    const node = this.nodes.get(task.node);
    if (node) this.nodes.set(task.node, { ...node, ledger: promise(node.ledger, { ...task, task: id, volumes }) });
  }
}

interface Work {
  view: AppView;
  service: ServiceView;
  room: Room;
  counts: Map<string, number>;
  placed: Placed;
}

/** A service that runs on each node has a slot for each: it runs there once, and twice while it is updated start-first. */
const NONE: ReadonlyMap<string, number> = new Map();

function placeOne(wish: Wish, { view, service, room, counts, placed }: Work): void {
  const { spec } = service;
  if (!spec) return;
  const after = new Room(room.all());
  wish.frees.forEach((task) => after.free(task));
  const placement = place(after.all(), {
    service: service.name,
    spec,
    tasksOfService: isGlobal(spec) ? NONE : counts,
    failuresOfService: countByNode(service, (task) => hasEnded(task) && hasFailed(task)),
    avoidPorts: doubtful(wish),
    volumes: service.volumes,
    ...(wish.only && { only: wish.only }),
    ...(wish.avoid !== undefined && { avoid: wish.avoid }),
  });
  if (!placement.ok && wish.isOptional) {
    if (wish.replaces) placed.keep.push(wish.replaces);
    return;
  }
  if (!placement.ok) {
    const reason = wish.orphans || wish.isMove ? `${wish.cause}: ${placement.why}` : placement.why;
    const node = wish.only?.node ?? (wish.orphans || wish.isMove ? wish.replaces?.record.node : undefined);
    const delay = { service: service.name, slot: wish.slot, reason, hopeless: !wish.isMove };
    placed.delays.push({ ...delay, ...(node !== undefined && { node }) });
    return;
  }
  const node = placement.node.record.node;
  const task = newTask(view, service, { wish, node, placement });
  wish.frees.forEach((dead) => room.free(dead));
  room.take(task, { id: `new-${service.name}-${wish.slot}`, volumes: service.volumes });
  counts.set(node, (counts.get(node) ?? 0) + 1);
  placed.create.push(task);
  placed.forget.push(...wish.frees);
  placed.orphans.push(...(wish.orphans ?? []).map((lost) => ({ task: lost, cause: wish.cause })));
}

/** Somebody outside may hold the host ports of a task that could not start: its successor tries others first. */
function doubtful({ replaces }: Wish): string[] {
  if (replaces?.status?.state !== 'rejected') return [];
  return replaces.record.ports.flatMap(({ published, protocol }) =>
    published === undefined ? [] : [portKey(published, protocol)],
  );
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
    target: 'run',
    reserved: service.spec?.reservations ?? { cpuMillis: 0, memoryBytes: 0 },
    ports: placement.ports,
    cause: wish.cause,
    placement: placement.why,
    failures: wish.failures,
    ...(wish.replaces && { replaces: wish.replaces.record.task }),
  };
}

/** Node to the number of this service's tasks there of which `counts` is true. */
function countByNode({ tasks }: ServiceView, counts: (task: TaskView) => boolean): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const task of tasks) {
    if (counts(task)) numbers.set(task.record.node, (numbers.get(task.record.node) ?? 0) + 1);
  }
  return numbers;
}
