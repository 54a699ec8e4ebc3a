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
import type { HealthRecord, StatusRecord } from '@tutti/model';
import {
  failuresIn,
  incidentChanges,
  lateChanges,
  isSettled,
  outOfMemory,
  RETENTION_MS,
  tokenOf,
  type IncidentChange,
} from './core/incidents.js';
import type { SlotView, TaskView } from './core/slot-view.js';

interface Surroundings {
  standing: Standing;
  healthOf: (task: string) => HealthRecord | undefined;
  onError: (error: unknown, slot: string) => void;
}

type Placed = { namespace: string; app?: string; service?: string; slot?: number };

/** `namespace/app/service/slot`: what is looked at as one. */
export const slotKey = ({ namespace, app, service, slot }: Placed): string => [namespace, app, service, slot].join('/');

/**
 * Keeps the incidents of each slot what its tasks' records tell. In memory are incidents that are open or wait for
 * evidence, and of settled ones only the tokens that a live task's records still tell of.
 */
export class IncidentDesk {
  private readonly tasks = new RecordTable<'task'>({ group: slotKey, keep: (record) => record });
  private readonly statuses = new RecordTable<'status'>({ group: slotKey, keep: (record) => record });
  private readonly incidents: OwnRecords<'incident'>;
  private readonly settled = new Map<string, Set<string>>();
  /** Slot to what failed there while no monitor was there to tell. */
  private readonly late = new Map<string, StatusRecord[]>();
  private readonly work: KeyedSerial;
  private isOpen = false;

  constructor(
    private readonly bus: Connection,
    private readonly around: Surroundings,
  ) {
    this.incidents = new OwnRecords(bus, 'incident', { group: slotKey, standing: around.standing });
    this.work = new KeyedSerial((slot) => this.attend(slot), { onError: around.onError });
  }

  take(change: Change<'task' | 'status'>): void {
    if (change.type === 'ready') return;
    const slot =
      change.kind === 'task'
        ? this.tasks.take(change as Change<'task'>)
        : this.statuses.take(change as Change<'status'>);
    if (slot !== undefined) this.work.add(slot);
  }

  /**
   * Takes in an incident that was written, here or by another monitor. One that was resolved before the start needs no
   * looking after unless its task says so.
   */
  takeOwn(change: Change<'incident'>): void {
    if (!this.isOpen && change.type === 'put' && change.record.resolvedAt !== undefined)
      this.incidents.drop(change.key);
    else this.touch(this.incidents.take(change));
  }

  /** Writes what the leader before us has not. */
  takeOver(): void {
    this.incidents.draftGroups().forEach((slot) => this.work.add(slot));
  }

  /** Takes in what failed of late, told or not. */
  takeLate(statuses: readonly StatusRecord[]): void {
    for (const status of statuses) {
      const slot = slotKey(status);
      this.late.set(slot, [...(this.late.get(slot) ?? []), status]);
      this.work.add(slot);
    }
  }

  /** The node of the task that took over from one of this slot. */
  successorOf(slot: string, task: string): string | undefined {
    return this.tasks.in(slot).find(({ replaces }) => replaces === task)?.node;
  }

  /** Has a slot looked at. */
  look(status: StatusRecord): void {
    this.work.add(slotKey(status));
  }

  open(): void {
    this.isOpen = true;
    this.work.open();
  }

  close(): Promise<void> {
    return this.work.close();
  }

  private touch(slot: string | undefined): void {
    if (slot !== undefined) this.work.add(slot);
  }

  private async attend(slot: string): Promise<void> {
    await this.incidents.settle(slot);
    const view = this.view(slot);
    const incidents = new Map(this.incidents.in(slot).map((incident) => [incident.incident, incident]));
    const known = { incidents, settled: this.settled.get(slot) ?? new Set<string>(), now: Date.now() };
    const late = this.lateView(slot);
    const memoryLimits = await this.memoryLimits(outOfMemory([...view, ...late], known));
    const changes = incidentChanges(view, { ...known, memoryLimits });
    const news = new Set(changes.map(({ incident }) => incident.incident));
    const more = lateChanges(late, { ...known, memoryLimits }).filter(({ incident }) => !news.has(incident.incident));
    await Promise.all([...changes, ...more].map((change) => this.write(slot, change)));
    this.late.delete(slot);
    this.tidy(slot);
  }

  private async write(slot: string, { event, incident }: IncidentChange): Promise<void> {
    const written = await this.incidents.put(incident, { event, ttlMs: RETENTION_MS });
    // What was opened may be over already; and what was there before has to be looked at as it is.
    if (!written || event === 'opened') this.work.add(slot);
  }

  /** Keeps in memory only what may still change. */
  private tidy(slot: string): void {
    const view = this.view(slot);
    const known = { settled: new Set<string>(), memoryLimits: new Map<string, number>(), now: Date.now() };
    const told = new Set(failuresIn(view, known).map(({ failure }) => tokenOf(failure)));
    const settled = new Set([...(this.settled.get(slot) ?? [])].filter((token) => told.has(token)));
    for (const incident of this.incidents.in(slot)) {
      if (!isSettled(incident, view) || this.incidents.isDraft(keys.incident(incident))) continue;
      this.incidents.drop(keys.incident(incident));
      if (told.has(tokenOf(incident))) settled.add(tokenOf(incident));
    }
    if (settled.size > 0) this.settled.set(slot, settled);
    else this.settled.delete(slot);
  }

  /** Tasks as they stood when they failed. */
  private lateView(slot: string): SlotView {
    const tasks = new Map(this.tasks.in(slot).map((task) => [task.task, task]));
    return (this.late.get(slot) ?? []).map((status) => {
      const task = tasks.get(status.task);
      return task ? { task, status } : { status };
    });
  }

  private view(slot: string): SlotView {
    const views = new Map<string, TaskView>();
    this.tasks.in(slot).forEach((task) => views.set(task.task, { task }));
    this.statuses.in(slot).forEach((status) => views.set(status.task, { ...views.get(status.task), status }));
    return [...views].map(([task, view]) => {
      const health = this.around.healthOf(task);
      return health ? { ...view, health } : view;
    });
  }

  /** Task to its memory limit in bytes, from the revision that it runs. */
  private async memoryLimits(views: readonly TaskView[]): Promise<Map<string, number>> {
    const limits = new Map<string, number>();
    for (const { status } of views) {
      const entry = status && (await get(this.bus, keys.revision(status)));
      const limit = status && entry?.record.spec.services[status.service]?.limits.memoryBytes;
      if (limit) limits.set(status.task, limit);
    }
    return limits;
  }
}
