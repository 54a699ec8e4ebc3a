import {
  get,
  keys,
  KeyedSerial,
  OwnRecords,
  RecordTable,
  type Change,
  type Connection,
  type Standing,
} from '@tutti/bus';
import type { LivenessRecord, TaskRecord } from '@tutti/model';
import { slotKey } from './incident-desk.js';
import { RETENTION_MS, type IncidentChange } from './core/incidents.js';
import { missingIncidentChange, nodeIncidentChange, type Moves } from './core/node-incidents.js';

interface Surroundings {
  standing: Standing;
  /** The node of the task that took over from another of its slot. */
  successorOf: (slot: string, task: string) => string | undefined;
  onError: (error: unknown, node: string) => void;
}

/** Stands for the incident that concerns several nodes; no node has such a name. */
const TOGETHER = '*';
/** The tasks of a node are placed application by application: what became of them is written once for many. */
const GATHER_MS = 300;

/** Keeps the incidents of nodes what the scheduler's verdicts on them tell. Works by node. */
export class NodeDesk {
  private readonly verdicts = new RecordTable<'liveness'>({ group: ({ node }) => node, keep: (record) => record });
  private readonly incidents: OwnRecords<'incident'>;
  /** Node to the tasks that were taken from it, with their slots, until it has cleared them away. */
  private readonly orphans = new Map<string, Map<string, string>>();
  private readonly gathering = new Map<string, NodeJS.Timeout>();
  private readonly work: KeyedSerial;
  private isOpen = false;

  constructor(
    private readonly bus: Connection,
    private readonly around: Surroundings,
  ) {
    this.incidents = new OwnRecords(bus, 'incident', {
      group: ({ node }) => node ?? TOGETHER,
      standing: around.standing,
    });
    this.work = new KeyedSerial((node) => this.attend(node), { onError: around.onError });
  }

  take(change: Change<'liveness'>): void {
    const node = this.verdicts.take(change);
    if (node === undefined) return;
    this.work.add(node);
    this.work.add(TOGETHER);
  }

  /** Takes in a task; what counts here is whether it was taken from a node that is down. */
  takeTask(change: Change<'task'>): void {
    if (change.type === 'ready') return;
    const [, node = '', , , , task = ''] = change.key.split('.');
    if (change.type === 'put' && change.record.orphaned) return this.takeOrphan(change.record);
    const orphans = this.orphans.get(node);
    orphans?.delete(task);
    if (orphans?.size === 0) this.orphans.delete(node);
  }

  /** Takes in an incident that was written, here or by another monitor. */
  takeOwn(change: Change<'incident'>): void {
    if (!this.isOpen && change.type === 'put' && change.record.resolvedAt !== undefined) return;
    const group = this.incidents.take(change);
    if (group !== undefined) this.work.add(group);
  }

  open(): void {
    this.isOpen = true;
    this.work.open();
  }

  /** Writes what the leader before us has not. */
  takeOver(): void {
    this.incidents.draftGroups().forEach((node) => this.work.add(node));
  }

  close(): Promise<void> {
    this.gathering.forEach((timer) => clearTimeout(timer));
    return this.work.close();
  }

  private takeOrphan(record: TaskRecord): void {
    const { node, task } = record;
    this.orphans.set(node, (this.orphans.get(node) ?? new Map<string, string>()).set(task, slotKey(record)));
    if (this.gathering.has(node)) return;
    const timer = setTimeout(() => {
      this.gathering.delete(node);
      this.work.add(node);
    }, GATHER_MS);
    this.gathering.set(node, timer);
  }

  private async attend(node: string): Promise<void> {
    await this.incidents.settle(node);
    const known = this.incidents.in(node);
    known
      .filter(({ resolvedAt }) => resolvedAt !== undefined)
      .forEach((incident) => this.tidy(keys.incident(incident)));
    const open = known.find(({ resolvedAt }) => resolvedAt === undefined);
    const change = await this.changeOf(node, open);
    if (!change) return;
    await this.incidents.put(change.incident, { event: change.event, ttlMs: RETENTION_MS });
    // The verdict may have changed while that was written.
    this.work.add(node);
  }

  private async changeOf(
    node: string,
    open: Parameters<typeof nodeIncidentChange>[0],
  ): Promise<IncidentChange | undefined> {
    const now = Date.now();
    if (node === TOGETHER) return missingIncidentChange(open, this.allVerdicts(), now);
    const [verdict] = this.verdicts.in(node);
    const moves = open && verdict?.state === 'down' ? await this.movesFrom(node) : NO_MOVES;
    return nodeIncidentChange(open, { verdict, moves, now });
  }

  /** Keeps in memory only what may still change. */
  private tidy(key: ReturnType<typeof keys.incident>): void {
    if (!this.incidents.isDraft(key)) this.incidents.drop(key);
  }

  private allVerdicts(): LivenessRecord[] {
    return [...this.verdicts.groupNames()].flatMap((node) => this.verdicts.in(node));
  }

  private async movesFrom(node: string): Promise<Moves> {
    const orphans = [...(this.orphans.get(node) ?? [])];
    if (orphans.length === 0) return NO_MOVES;
    const on = orphans.flatMap(([task, slot]) => this.around.successorOf(slot, task) ?? []);
    // The node keeps its promises to those that were taken from it: they may run there still.
    const promised = (await get(this.bus, keys.ledger({ node })))?.record.tasks ?? 0;
    return { placed: on.length, on: [...new Set(on)], waiting: Math.max(0, promised - orphans.length) };
  }
}

const NO_MOVES: Moves = { placed: 0, on: [], waiting: 0 };
