import { isSome } from '@tutti/model';
import type { NodeView } from './node-view.js';
import { attribute } from './placement/constraints.js';
import { isLive, type ServiceView } from './view.js';

/** What a move does to the sums of squares: over what the service asks for, over nodes, over all tasks; less is better. */
export interface Gain {
  /** Of the service's own spread. */
  own: number;
  /** Of all tasks. */
  total: number;
  /** For a person. */
  why: string;
}

/** Whether `a` does more for the spread than `b`. */
export const better = (a: Gain, b: Gain): boolean => a.own < b.own || (a.own === b.own && a.total < b.total);

/** Moving one from a place with `from` to one with `to` changes the sum of squares by this; no change where they are one. */
const change = (from: number, to: number): number => 2 * (to - from + 1);

/** One thing that tasks are spread over: the place that each node belongs to, and the tasks at each place. */
interface Level {
  placeOf(node: string): string;
  counts: Map<string, number>;
  say(from: string, to: string): string;
}

/** How the tasks of a service are spread: over attributes of nodes that it names, and over nodes. */
export class Spread {
  /** Node to the number of its tasks. */
  readonly counts = new Map<string, number>();
  private readonly levels: Level[];
  private readonly packs: boolean;

  /** @param totals node to the number of all tasks there; kept by the caller */
  constructor(
    private readonly service: ServiceView,
    nodes: readonly NodeView[],
    private readonly totals: ReadonlyMap<string, number>,
  ) {
    const { name, spec, tasks } = service;
    for (const { record } of tasks.filter(isLive)) add(this.counts, record.node, 1);
    // Placement packs what reserves room, so that larger tasks find some: evening that out would undo it.
    this.packs = spec !== undefined && isSome(spec.reservations);
    this.levels = [
      ...(spec?.placement.spread ?? []).map((name) => this.levelOf(name, nodes)),
      {
        placeOf: (node) => node,
        counts: this.counts,
        say: (from, to) => `${name} has ${countAt(this.counts, from)} on ${from}, ${countAt(this.counts, to)} on ${to}`,
      },
    ];
  }

  /** Tasks on the fullest node: what is spread worst is widest. */
  width(): number {
    return Math.max(0, ...this.counts.values());
  }

  /** The nodes with most tasks of the service, those with most tasks in all first among equals. */
  fullest(most: number): string[] {
    const nodes = [...this.counts].filter(([, count]) => count > 0).map(([node]) => node);
    return nodes.sort((a, b) => this.compare(b, a)).slice(0, most);
  }

  /** The nodes with fewest. */
  emptiest(nodes: readonly NodeView[], most: number): NodeView[] {
    return [...nodes].sort((a, b) => this.compare(a.record.node, b.record.node)).slice(0, most);
  }

  /** What it would do to move a task; undefined where that makes anything worse, or nothing better. */
  gain(from: string, to: string): Gain | undefined {
    let own = 0;
    let why: string | undefined;
    for (const { placeOf, counts, say } of this.levels) {
      const [left, right] = [placeOf(from), placeOf(to)];
      const difference = left === right ? 0 : change(countAt(counts, left), countAt(counts, right));
      if (difference > 0) return undefined;
      if (difference < 0) why ??= say(left, right);
      own += difference;
    }
    const [all, others] = [countAt(this.totals, from), countAt(this.totals, to)];
    const total = from === to ? 0 : change(all, others);
    if (why !== undefined) return { own, total, why };
    return this.packs || total >= 0 ? undefined : { own, total, why: `${from} has ${all} tasks, ${to} has ${others}` };
  }

  /** Notes that a task was moved. */
  shift(from: string, to: string): void {
    for (const { placeOf, counts } of this.levels) {
      add(counts, placeOf(from), -1);
      add(counts, placeOf(to), 1);
    }
  }

  private levelOf(name: string, nodes: readonly NodeView[]): Level {
    const valueOf = attribute(name);
    const places = new Map(nodes.map((node) => [node.record.node, valueOf(node) ?? '']));
    const placeOf = (node: string): string => places.get(node) ?? '';
    const counts = new Map<string, number>();
    for (const [node, count] of this.counts) add(counts, placeOf(node), count);
    const at = (place: string): string => `${countAt(counts, place)} at ${place || 'none'}`;
    return {
      placeOf,
      counts,
      say: (from, to) => `spread over ${name}: ${this.service.name} has ${at(from)}, ${at(to)}`,
    };
  }

  private compare(a: string, b: string): number {
    for (const { placeOf, counts } of this.levels) {
      const difference = countAt(counts, placeOf(a)) - countAt(counts, placeOf(b));
      if (difference !== 0) return difference;
    }
    return countAt(this.totals, a) - countAt(this.totals, b) || (a < b ? -1 : 1);
  }
}

const countAt = (counts: ReadonlyMap<string, number>, place: string): number => counts.get(place) ?? 0;

function add(counts: Map<string, number>, place: string, by: number): void {
  counts.set(place, countAt(counts, place) + by);
}
