import { commit, getForUpdate, keys, put, type Connection } from '@tutti/bus';
import { messageOf, NO_REBALANCE, type Move, type MovesRecord, type RebalanceRecord } from '@tutti/model';
import { closedBecause } from '../core/node-view.js';
import { proposeMoves } from '../core/rebalance.js';
import type { AppView } from '../core/view.js';
import type { Store } from './store.js';

const RETRY_MS = 500;
/** Nodes that join within this time of one another are filled together. */
const GATHER_MS = 1000;

export interface RebalancerHooks {
  /** Every application as it stands. */
  views(): Promise<AppView[]>;
  /** The tasks of an application have changed by our own commit. */
  changed(view: AppView): void;
  warn(line: string): void;
}

/** Begins the moves that were asked for, or that a node which has joined calls for, while this instance leads. */
export class Rebalancer {
  private leading = false;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: Connection,
    private readonly store: Store,
    private readonly hooks: RebalancerHooks,
  ) {}

  lead(leading: boolean): void {
    this.leading = leading;
    if (leading) this.look();
  }

  async close(): Promise<void> {
    this.leading = false;
    clearTimeout(this.timer);
    await this.working;
  }

  /** What is wanted, or which nodes there are, may have changed. */
  look(): void {
    if (!this.leading) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.begin(), this.isAsked() ? 0 : GATHER_MS);
  }

  /** What would be moved now. */
  async propose(most = this.wanted().most): Promise<Move[]> {
    return proposeMoves(await this.hooks.views(), this.store.nodes(), most);
  }

  private begin(): void {
    if (!this.leading || !(this.isAsked() || this.hasOthers())) return;
    this.working = this.working
      .then(() => this.carryOut())
      .catch((error: unknown) => {
        this.hooks.warn(`rebalancing waits: ${messageOf(error)}`);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.look(), RETRY_MS);
      });
  }

  private wanted(): Pick<RebalanceRecord, 'automatic' | 'most' | 'asked'> {
    return this.store.get(keys.rebalance())?.record ?? NO_REBALANCE;
  }

  private last(): MovesRecord | undefined {
    return this.store.get(keys.moves())?.record;
  }

  /** Whether a command waits for its moves. */
  private isAsked(): boolean {
    const { asked } = this.wanted();
    return asked !== undefined && asked.command !== this.last()?.answers;
  }

  /** Whether the nodes are other ones than when moves were last begun by themselves. */
  private hasOthers(): boolean {
    return this.wanted().automatic && this.open().join() !== this.last()?.nodes.join();
  }

  private open(): string[] {
    const open = [...this.store.nodes().values()].filter((node) => closedBecause(node) === undefined);
    return open.map(({ record }) => record.node).sort();
  }

  /** All moves and the note of them go into one commit: they are begun once, whoever leads. */
  private async carryOut(): Promise<void> {
    const { asked, most } = this.wanted();
    const isAsked = this.isAsked();
    if (!isAsked && !this.hasOthers()) return;
    const nodes = this.open();
    const hasJoined = nodes.some((node) => !this.last()?.nodes.includes(node));
    const views = isAsked || hasJoined ? await this.hooks.views() : [];
    const moves = proposeMoves(views, this.store.nodes(), isAsked && asked ? asked.most : most);
    const at = new Date().toISOString();
    await this.commit(views, { ...(asked && { answers: asked.command }), moves, nodes, at });
  }

  private async commit(views: readonly AppView[], record: MovesRecord): Promise<void> {
    const tasks = new Map(views.flatMap((view) => view.tasks.map((task) => [task.record.task, { task, view }])));
    const begun = record.moves.flatMap((move) => {
      const found = tasks.get(move.task);
      if (!found) return [];
      const displaced = { ...found.task.record, displaced: move.why, displacedTo: move.to };
      const write = put('task', displaced, { event: 'displaced', expect: found.task.keyRevision });
      return [{ ...found, record: displaced, write }];
    });
    const note = put('moves', record, { event: 'begun', expect: this.store.expected(keys.moves()) });
    const result = await commit(this.bus, [...begun.map(({ write }) => write), note]);
    if (!result.ok) return this.refresh(begun.map(({ record: task }) => keys.task(task)));
    begun.forEach(({ record: task }, index) =>
      this.store.put('task', keys.task(task), { record: task, revision: result.revisions[index] ?? 0 }),
    );
    this.store.put('moves', keys.moves(), { record, revision: result.revisions[begun.length] ?? 0 });
    new Set(begun.map(({ view }) => view)).forEach((view) => this.hooks.changed(view));
  }

  /** Somebody was quicker: looks at these keys again, then decides anew. */
  private async refresh(written: readonly ReturnType<typeof keys.task>[]): Promise<void> {
    const moves = await getForUpdate(this.bus, keys.moves());
    if (moves.record) this.store.put('moves', keys.moves(), { record: moves.record, revision: moves.revision });
    for (const key of written) {
      const { record, revision } = await getForUpdate(this.bus, key);
      if (record) this.store.put('task', key, { record, revision });
      else this.store.vacate(key, revision);
    }
    this.look();
  }
}
