import { STATE_BUCKET, STREAM, type Connection } from '@tutti/bus';
import {
  isTerminal,
  type AppRecord,
  type AvailabilityRecord,
  type LedgerRecord,
  type NodeRecord,
  type RevisionRecord,
  type StatusRecord,
  type TaskRecord,
} from '@tutti/model';
import { emptyLedger, promise } from '../core/ledger.js';

const COPY = 'copy';
const A_MOMENT_MS = 1000;

/**
 * Every change of STATE in the order in which the server stored it, with none left out, and what must hold of it after
 * each commit. A watch would not do: it may skip what was overwritten.
 */
export class History {
  readonly apps = new Map<string, AppRecord>();
  readonly tasks = new Map<string, TaskRecord>();
  readonly statuses = new Map<string, StatusRecord>();
  readonly faults: string[] = [];
  commits = 0;
  private readonly revisions = new Map<string, RevisionRecord>();
  private readonly nodes = new Map<string, NodeRecord>();
  private readonly ledgers = new Map<string, LedgerRecord>();
  private readonly availability = new Map<string, AvailabilityRecord>();
  /** Node to when it last was one to leave, epoch ms. */
  private readonly leftAt = new Map<string, number>();
  /** Tasks made by the commit that is being taken in. */
  private made: string[] = [];
  /** Applications whose rollout it writes. */
  private rolled = new Set<string>();

  /** Has the server send a copy of all that it stores. */
  async follow({ jsm, nc }: Connection): Promise<void> {
    const { config } = await jsm.streams.info(STREAM.state);
    await jsm.streams.update(STREAM.state, { ...config, republish: { src: '>', dest: `${COPY}.>` } });
    nc.subscribe(`${COPY}.>`, {
      callback: (_, message) => {
        const key = message.subject.slice(`${COPY}.$KV.${STATE_BUCKET}.`.length);
        const batch = message.headers?.get('Nats-Batch-Id');
        const isWhole = !batch || message.headers?.get('Nats-Batch-Commit') === '1';
        this.take(key, message.data.length > 0 ? message.json() : undefined, isWhole);
      },
    });
    await nc.flush();
  }

  private take(key: string, record: unknown, isWhole: boolean): void {
    const kind = key.slice(0, key.indexOf('.'));
    const of = {
      app: this.apps,
      task: this.tasks,
      status: this.statuses,
      revision: this.revisions,
      node: this.nodes,
      ledger: this.ledgers,
      availability: this.availability,
    }[kind] as Map<string, unknown> | undefined;
    const name = key.slice(kind.length + 1);
    if (kind === 'availability' && this.availability.get(name)?.availability === 'drained')
      this.leftAt.set(name, Date.now());
    if (kind === 'task' && record !== undefined && !this.tasks.has(name)) this.made.push(name);
    if (record === undefined) of?.delete(name);
    else of?.set(name, record);
    if (kind === 'rollout') this.rolled.add(name);
    if (!isWhole) return;
    this.commits++;
    for (const node of this.nodes.keys()) this.checkNode(node);
    this.checkSlots();
  }

  /** No node has promised more than it has, and what it has promised is what its tasks take. */
  private checkNode(node: string): void {
    const ledger = this.ledgers.get(node) ?? emptyLedger(node);
    const { capacity } = this.nodes.get(node) ?? { capacity: ledger.reserved };
    const held = [...this.tasks.values()].filter((task) => task.node === node && !task.released);
    const { reserved, tasks, ports } = held.reduce(promise, emptyLedger(node));
    const published = held.flatMap((task) => task.ports).length;
    if (Object.keys(ports).length !== published) this.fault(`${node} holds a host port twice: ${JSON.stringify(held)}`);
    const [said, real] = [ledger, { ...ledger, reserved, tasks, ports }].map(canonical);
    if (said !== real) this.fault(`${node} promised ${said}, its tasks take ${real}`);
    if (reserved.cpuMillis > capacity.cpuMillis || (reserved.generic?.gpu ?? 0) > (capacity.generic?.gpu ?? 0))
      this.fault(`${node} is over-promised: ${JSON.stringify({ reserved, capacity })}`);
  }

  /** No task is made in a slot that has one which is wanted, runs what is wanted, and is not to leave its node. */
  private checkSlots(): void {
    const slotOf = ({ namespace, app, service, slot }: TaskRecord): string => `${namespace}/${app}/${service}.${slot}`;
    for (const made of this.made) {
      const task = this.tasks.get(made);
      if (!task) continue;
      // What two schedulers that place one slot's task on two nodes meet at.
      if (!this.rolled.has(`${task.namespace}.${task.app}`)) this.fault(`${made} was made without its rollout`);
      // One made for an earlier revision is replaced in its turn.
      if (!this.isKept(made, task)) continue;
      for (const [key, other] of this.tasks) {
        if (key !== made && slotOf(other) === slotOf(task) && this.isKept(key, other))
          this.fault(`${slotOf(task)} got ${made} beside ${key}`);
      }
    }
    this.made = [];
    this.rolled = new Set();
  }

  private isKept(key: string, task: TaskRecord): boolean {
    const app = this.apps.get(`${task.namespace}.${task.app}`);
    const revision = app && this.revisions.get(`${task.namespace}.${task.app}.${app.revision}`);
    const state = this.statuses.get(key)?.state;
    const lives = task.target === 'run' && !task.orphaned && !(state && isTerminal(state));
    const isCurrent =
      task.digest === revision?.digests[task.service] && task.restartEpoch === (app?.restarts[task.service] ?? 0);
    return lives && isCurrent && task.displaced === undefined && !this.isToBeLeft(task.node);
  }

  /** What people want of nodes is no part of a commit: a plan may rest on what it was a moment ago. */
  private isToBeLeft(node: string): boolean {
    return (
      this.availability.get(node)?.availability === 'drained' || Date.now() - (this.leftAt.get(node) ?? 0) < A_MOMENT_MS
    );
  }

  private fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}

function canonical({ reserved, tasks, ports }: LedgerRecord): string {
  const sorted = Object.entries(ports).sort(([a], [b]) => (a < b ? -1 : 1));
  const { cpuMillis, memoryBytes, generic = {} } = reserved;
  return JSON.stringify([tasks, cpuMillis, memoryBytes, generic, sorted]);
}
