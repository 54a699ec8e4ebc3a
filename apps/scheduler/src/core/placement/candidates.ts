import type { NodeView } from '../node-view.js';
import { Branches, type Branch } from './branches.js';
import { refusalOf, type Placeable } from './filters.js';
import { Heap } from './heap.js';
import { homing, scorersFor, type Scorer } from './scorers.js';

interface Candidate {
  node: NodeView;
  branch: Ranked;
  /** By scorer. */
  costs: number[];
}

/** A branch with its candidates, the best on top. What no longer holds is dropped when it comes up. */
interface Ranked extends Branch {
  heap: Heap<Candidate>;
  /** How many of its candidates hold. */
  size: number;
}

/**
 * The nodes that fit a service, of which the best can be asked for again and again while tasks are placed: what is taken
 * or given back on one node costs the work for this one node.
 */
export class Candidates {
  private readonly standing = new Map<string, Candidate>();
  private readonly ranked = new Map<string, Ranked>();
  private readonly branches: Branches;
  private readonly scorers: readonly Scorer[];
  /** Scorer to how many candidates have each cost, which tells whether it makes a difference. */
  private readonly tallies: Map<number, number>[];

  constructor(
    nodes: Iterable<NodeView>,
    private readonly wanted: Placeable,
  ) {
    this.branches = new Branches(wanted.spec.placement.spread);
    this.scorers = [homing(wanted), ...scorersFor(wanted)];
    this.tallies = this.scorers.map(() => new Map());
    for (const node of nodes) {
      this.branches.add(node, wanted.tasksOfService.get(node.record.node) ?? 0);
      this.offer(node);
    }
  }

  /** A node has changed. */
  offer(node: NodeView): void {
    this.withdraw(node.record.node);
    if (refusalOf(node, this.wanted)) return;
    const candidate = { node, branch: this.branchOf(node), costs: this.scorers.map(({ cost }) => cost(node)) };
    this.standing.set(node.record.node, candidate);
    candidate.branch.size++;
    candidate.branch.heap.push(candidate);
    this.count(candidate, 1);
  }

  withdraw(node: string): void {
    const candidate = this.standing.get(node);
    if (!candidate) return;
    this.standing.delete(node);
    candidate.branch.size--;
    this.count(candidate, -1);
  }

  /** A task of the service has been placed on a node. */
  placed(node: NodeView): void {
    this.branches.add(node, 1);
    this.offer(node);
  }

  /** The best node and what speaks for it; undefined where none fits. */
  best(): { node: NodeView; why: string } | undefined {
    let best: { top: Candidate; costs: number[] } | undefined;
    for (const branch of this.ranked.values()) {
      const top = this.topOf(branch);
      if (!top) continue;
      const costs = [top.costs[0] ?? 0, ...this.branches.costs(branch), ...top.costs.slice(1)];
      if (!best || precedes({ top, costs }, best)) best = { top, costs };
    }
    return best && { node: best.top.node, why: this.praise(best.top) };
  }

  private branchOf(node: NodeView): Ranked {
    const path = this.branches.pathOf(node);
    const key = path.at(-1) ?? '';
    let branch = this.ranked.get(key);
    if (!branch) this.ranked.set(key, (branch = { path, size: 0, heap: new Heap(isBetter) }));
    return branch;
  }

  private topOf({ heap }: Ranked): Candidate | undefined {
    for (let top = heap.top(); top; top = heap.top()) {
      if (this.standing.get(top.node.record.node) === top) return top;
      heap.pop();
    }
    return undefined;
  }

  private count({ costs }: Candidate, by: 1 | -1): void {
    this.tallies.forEach((tally, index) => {
      const cost = costs[index] ?? 0;
      const left = (tally.get(cost) ?? 0) + by;
      if (left === 0) tally.delete(cost);
      else tally.set(cost, left);
    });
  }

  /** What spoke for a node: the first scorer that tells it from another that fits. */
  private praise({ node, branch }: Candidate): string {
    const count = this.standing.size;
    if (count === 1) return 'the only node that fits';
    const tells = (index: number): boolean => (this.tallies[index]?.size ?? 0) > 1;
    const level = this.tellingLevel(branch);
    const spread = level < 0 ? undefined : this.branches.praise(node, level);
    const scorer = this.scorers.find((_, index) => index > 0 && tells(index)) ?? this.scorers.at(-1);
    const first = tells(0) ? this.scorers[0]?.praise(node) : (spread ?? scorer?.praise(node));
    return `${first ?? 'first'} of ${count} nodes that fit`;
  }

  /** The first level at which the branch differs from another that has candidates; -1 where there is none. */
  private tellingLevel(branch: Ranked): number {
    const costs = this.branches.costs(branch);
    const others = [...this.ranked.values()].filter(({ size }) => size > 0).map((other) => this.branches.costs(other));
    return costs.findIndex((cost, level) => others.some((other) => other[level] !== cost));
  }
}

/** Whether one comes before the other: by costs, the first counts most; then by name, so that each look gives the same. */
function precedes(
  a: { top: Candidate; costs: readonly number[] },
  b: { top: Candidate; costs: readonly number[] },
): boolean {
  for (let index = 0; index < a.costs.length; index++) {
    const difference = (a.costs[index] ?? 0) - (b.costs[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return a.top.node.record.node < b.top.node.record.node;
}

const isBetter = (a: Candidate, b: Candidate): boolean =>
  precedes({ top: a, costs: a.costs }, { top: b, costs: b.costs });
