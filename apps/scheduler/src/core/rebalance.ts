import type { Move } from '@tutti/model';
import { promise } from './ledger.js';
import { closedBecause, type Nodes, type NodeView } from './node-view.js';
import { constraintsOf } from './placement/constraints.js';
import { refusalOf } from './placement/filters.js';
import { assignPorts } from './placement/ports.js';
import { better, Spread, type Gain } from './spread.js';
import { isCurrent, isJob, isLive, isReady, servicesOf, type AppView, type ServiceView } from './view.js';

/** Of each service this many nodes are looked at as the one to leave, and as the one to go to. */
const LOOKED_AT = { from: 5, to: 20 };

/** A service of an application that may be moved: it has all its tasks, and they keep nothing where they are. */
interface Candidate {
  view: AppView;
  service: ServiceView;
}

/**
 * Proposes moves that spread tasks more evenly over the nodes: at most `most`, each of which makes the spread better, in
 * the order of placement: over what a service asks for, over nodes, and over the tasks that nodes have in all. Done again
 * and again it comes to an end: each move lowers a sum of squares, and none raises an earlier one.
 */
export function proposeMoves(apps: readonly AppView[], nodes: Nodes, most: number): Move[] {
  const candidates = apps.flatMap((view) => candidatesOf(view, nodes));
  const floor = new Floor(nodes, apps);
  const moves: Move[] = [];
  const moved = new Set<string>();
  for (let before = -1; moves.length < most && moves.length !== before;) {
    before = moves.length;
    for (const candidate of byNeed(candidates, floor)) {
      if (moves.length === most) break;
      const move = bestMove(candidate, floor, moved);
      if (!move) continue;
      moves.push(move);
      moved.add(move.task);
    }
  }
  return moves;
}

/** The services that are as they should be. While a rollout or a drain is under way it decides where tasks go. */
function candidatesOf(view: AppView, nodes: Nodes): Candidate[] {
  if (view.app.state !== 'active') return [];
  return servicesOf(view, nodes)
    .filter((service) => service.spec && !service.hosts && !isJob(service.spec) && service.keeps === 'nothing')
    .filter((service) => {
      const there = service.tasks.filter(isLive);
      const well = there.filter((task) => isReady(task) && isCurrent(service, task));
      const isStill = there.every(
        (task) => task.record.displaced === undefined && task.host?.availability !== 'drained',
      );
      return isStill && well.length === there.length && there.length === service.desired;
    })
    .map((service) => ({ view, service }));
}

/** The nodes while moves are planned: what they have promised, and how services are spread over them. */
class Floor {
  private readonly nodes: Map<string, NodeView>;
  private readonly totals: Map<string, number>;
  private readonly spreads = new Map<ServiceView, Spread>();

  constructor(nodes: Nodes, apps: readonly AppView[]) {
    this.nodes = new Map(nodes);
    this.totals = new Map();
    for (const { tasks } of apps) {
      for (const task of tasks.filter(isLive)) {
        this.totals.set(task.record.node, (this.totals.get(task.record.node) ?? 0) + 1);
      }
    }
  }

  spreadOf(service: ServiceView): Spread {
    const known = this.spreads.get(service);
    if (known) return known;
    const spread = new Spread(service, [...this.nodes.values()], this.totals);
    this.spreads.set(service, spread);
    return spread;
  }

  node(name: string): NodeView | undefined {
    return this.nodes.get(name);
  }

  open(): NodeView[] {
    return [...this.nodes.values()].filter((node) => closedBecause(node) === undefined);
  }

  /** Both have the task for a while, so what the one has promised stays, and the other promises it as well. */
  take(service: ServiceView, { from, to }: Move, ports: Parameters<typeof promise>[1]['ports']): void {
    const node = this.nodes.get(to);
    const reserved = service.spec?.reservations;
    if (!node || !reserved) return;
    const ledger = promise(node.ledger, { task: `moved-${service.name}-${from}`, reserved, ports });
    this.nodes.set(to, { ...node, ledger });
    this.spreadOf(service).shift(from, to);
    this.totals.set(from, (this.totals.get(from) ?? 0) - 1);
    this.totals.set(to, (this.totals.get(to) ?? 0) + 1);
  }
}

/** Those that are spread worst come first. */
function byNeed(candidates: readonly Candidate[], floor: Floor): Candidate[] {
  const need = new Map(candidates.map((one) => [one, floor.spreadOf(one.service).width()]));
  return [...candidates].sort((a, b) => (need.get(b) ?? 0) - (need.get(a) ?? 0));
}

function bestMove({ view, service }: Candidate, floor: Floor, moved: ReadonlySet<string>): Move | undefined {
  const spread = floor.spreadOf(service);
  let best: { gain: Gain; from: string; to: NodeView } | undefined;
  const goals = spread.emptiest(floor.open(), LOOKED_AT.to);
  for (const from of spread.fullest(LOOKED_AT.from)) {
    if (!taskOn(service, from, moved)) continue;
    for (const to of goals) {
      const gain = spread.gain(from, to.record.node);
      if (gain && (!best || better(gain, best.gain)) && fits(service, to, spread)) best = { gain, from, to };
    }
  }
  const task = best && taskOn(service, best.from, moved);
  const room = best && fits(service, best.to, spread);
  if (!best || !task || !room) return undefined;
  const { namespace, app } = view.app;
  const { slot, task: id } = task.record;
  const to = best.to.record.node;
  const move = { namespace, app, service: service.name, slot, task: id, from: best.from, to, why: best.gain.why };
  floor.take(service, move, room.ports);
  return move;
}

/** The youngest task there: what has run for longest is disturbed last. */
function taskOn(
  { tasks }: ServiceView,
  node: string,
  moved: ReadonlySet<string>,
): ServiceView['tasks'][number] | undefined {
  return tasks.findLast((task) => task.record.node === node && isLive(task) && !moved.has(task.record.task));
}

function fits(
  service: ServiceView,
  node: NodeView,
  spread: Spread,
): { ports: Parameters<typeof promise>[1]['ports'] } | undefined {
  if (!service.spec) return undefined;
  const { name, spec, volumes } = service;
  const wanted = {
    service: name,
    spec,
    volumes,
    home: false,
    unmet: constraintsOf(spec.placement.constraints),
    tasksOfService: spread.counts,
    failuresOfService: new Map<string, number>(),
  };
  const assigned = assignPorts(spec.ports, node);
  return assigned.ok && !refusalOf(node, wanted) ? { ports: assigned.ports } : undefined;
}
