import { giveBack, promise } from './ledger.js';
import type { NodeView, Nodes } from './node-view.js';
import type { NewTask } from './plan.js';
import type { TaskView } from './view.js';

/** The nodes with what is promised on them while a plan is made. */
export class Room {
  private readonly changed = new Map<string, NodeView>();

  constructor(private readonly nodes: Nodes) {}

  get(node: string): NodeView | undefined {
    return this.changed.get(node) ?? this.nodes.get(node);
  }

  *all(): Iterable<NodeView> {
    for (const [name, node] of this.nodes) yield this.changed.get(name) ?? node;
  }

  /** Sets a node as it was before. */
  put(node: NodeView): void {
    this.changed.set(node.record.node, node);
  }

  free({ record }: TaskView): void {
    const node = this.get(record.node);
    if (node && !record.released) this.put({ ...node, ledger: giveBack(node.ledger, record) });
  }

  take(task: NewTask, { id, volumes }: { id: string; volumes: readonly string[] }): void {
    const node = this.get(task.node);
    if (node) this.put({ ...node, ledger: promise(node.ledger, { ...task, task: id, volumes }) });
  }
}
