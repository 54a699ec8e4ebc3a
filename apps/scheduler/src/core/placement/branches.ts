import type { NodeView } from '../node-view.js';
import { attribute } from './constraints.js';

/** Nodes that are alike in all that a service is to be spread over: `zone a`, and in it `rack 3`. */
export interface Branch {
  /** A name for each level, unlike that of any other branch but those that it is a part of. */
  path: readonly string[];
}

/**
 * The tree over which a service is spread, as Swarm does it: first over the values of the first preference, then within
 * each over those of the second. Nodes without the label are one branch more.
 */
export class Branches {
  private readonly attributes;
  /** Tasks of the service in a branch and all below it. */
  private readonly totals = new Map<string, number>();

  constructor(private readonly spread: readonly string[]) {
    this.attributes = spread.map(attribute);
  }

  pathOf(node: NodeView): string[] {
    let path = '';
    return this.attributes.map((valueOf) => (path += JSON.stringify(valueOf(node) ?? null)));
  }

  add(node: NodeView, count: number): void {
    for (const level of this.pathOf(node)) this.totals.set(level, (this.totals.get(level) ?? 0) + count);
  }

  /** How many tasks are in a branch, level by level: less is better. */
  costs({ path }: Branch): number[] {
    return path.map((level) => this.totals.get(level) ?? 0);
  }

  /** What speaks for a branch at one level, as the beginning of `… of 3 nodes that fit`. */
  praise(node: NodeView, level: number): string {
    const count = this.totals.get(this.pathOf(node)[level] ?? '') ?? 0;
    const value = this.attributes[level]?.(node) ?? 'none';
    return `spread over ${this.spread[level] ?? ''}: ${count} at ${value}, fewest`;
  }
}
