import type { AssignedPort, ServiceSpec } from '@tutti/model';
import { isGone, type NodeView } from '../node-view.js';
import { Candidates } from './candidates.js';
import { constraintsOf } from './constraints.js';
import { explain, explainOne } from './explain.js';
import { refusalOf, type Placeable } from './filters.js';
import { assignPorts } from './ports.js';

export type Placement =
  | { ok: true; node: NodeView; ports: AssignedPort[]; why: string }
  /** One sentence that says what each node lacks. */
  | { ok: false; why: string };

/** The nodes as they are while a plan is made. */
export interface Nodeful {
  get(node: string): NodeView | undefined;
  all(): Iterable<NodeView>;
}

/** What is special about one task of the service. */
export interface Wanted {
  /** The one node that will do, and why. */
  only?: { node: string; because: string };
  /** A node that will not do: its predecessor is to leave it. */
  avoid?: string;
  /** Host ports that its predecessor failed with, as in a ledger. */
  avoidPorts?: readonly string[];
}

/** A service whose tasks seek nodes. */
export interface Seeking {
  service: string;
  spec: ServiceSpec;
  volumes: readonly string[];
  failuresOfService: ReadonlyMap<string, number>;
  /** Counted on as tasks are placed. */
  tasksOfService: Map<string, number>;
}

/**
 * Finds nodes for the tasks of one service, one after the other: of those that every filter lets pass the one that the
 * scorers, one after the other, like best; then by name, so that the same cluster gives the same choice.
 */
export class Seeker {
  private readonly wanted: Placeable;
  /** Made when the first task comes that may go anywhere. */
  private candidates: Candidates | undefined;
  /** Why nothing fits, while nothing has changed. */
  private explanation: string | undefined;

  constructor(
    private readonly nodes: Nodeful,
    seeking: Seeking,
  ) {
    const unmet = constraintsOf(seeking.spec.placement.constraints);
    this.wanted = { ...seeking, unmet, home: hasHome(nodes, seeking) };
  }

  find(wanted: Wanted): Placement {
    return wanted.only ? this.findOn(wanted.only, wanted) : this.findAnywhere(wanted);
  }

  /** What a node has promised is another. */
  changed(name: string): void {
    const node = this.nodes.get(name);
    if (!node) return;
    this.explanation = undefined;
    this.candidates?.offer(node);
  }

  /** A task has been placed on a node. */
  placed(name: string): void {
    this.count(name, 1);
  }

  /** A task is as good as gone from a node. */
  left(name: string): void {
    this.count(name, -1);
  }

  private count(name: string, by: number): void {
    const { tasksOfService } = this.wanted as Placeable & Seeking;
    tasksOfService.set(name, (tasksOfService.get(name) ?? 0) + by);
    const node = this.nodes.get(name);
    if (!node) return;
    this.explanation = undefined;
    this.candidates?.placed(node);
  }

  private findOn({ node: name, because }: NonNullable<Wanted['only']>, wanted: Wanted): Placement {
    const node = this.nodes.get(name);
    if (!node) return { ok: false, why: `node ${name} is not there; ${because}` };
    const refusal = refusalOf(node, { ...this.wanted, home: false });
    if (refusal) return { ok: false, why: `${explainOne(name, refusal)}; ${because}` };
    return this.on(node, { wanted, why: because });
  }

  private findAnywhere(wanted: Wanted): Placement {
    this.candidates ??= new Candidates(this.nodes.all(), this.wanted);
    const { avoid } = wanted;
    if (avoid !== undefined) this.candidates.withdraw(avoid);
    const best = this.candidates.best();
    if (avoid !== undefined) this.changed(avoid);
    return best ? this.on(best.node, { wanted, why: best.why }) : { ok: false, why: this.explain(avoid) };
  }

  private on(node: NodeView, { wanted, why }: { wanted: Wanted; why: string }): Placement {
    const assigned = assignPorts(this.wanted.spec.ports, node, wanted.avoidPorts);
    return { ok: true, node, ports: assigned.ok ? assigned.ports : [], why };
  }

  private explain(avoid?: string): string {
    if (avoid !== undefined) return explain(this.refusals(avoid));
    return (this.explanation ??= explain(this.refusals()));
  }

  private *refusals(avoid?: string) {
    for (const node of this.nodes.all()) {
      const refusal = refusalOf(node, this.wanted);
      if (refusal) yield refusal;
      else if (node.record.node === avoid) yield { rank: 0, reason: 'to be left' };
    }
  }
}

function hasHome(nodes: Nodeful, { spec, volumes }: Seeking): boolean {
  if (volumes.length === 0 || spec.replicas !== 1) return false;
  for (const node of nodes.all()) {
    if (!isGone(node) && volumes.every((volume) => node.ledger.volumes?.includes(volume))) return true;
  }
  return false;
}
