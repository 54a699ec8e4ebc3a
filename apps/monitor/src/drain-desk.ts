import { KeyedSerial, keys, OwnRecords, type Change, type Connection, type Standing } from '@tutti/bus';
import type { IncidentRecord } from '@tutti/model';
import { drainIncidents } from './core/drain-incidents.js';
import { RETENTION_MS } from './core/incidents.js';

interface Surroundings {
  standing: Standing;
  onError: (error: unknown, service: string) => void;
}

const serviceOf = ({ namespace, app, service }: Pick<IncidentRecord, 'namespace' | 'app' | 'service'>): string =>
  [namespace, app, service].join('/');

/** Writes an incident for each task that was stopped although something may still have reached it. Works by service. */
export class DrainDesk {
  private readonly incidents: OwnRecords<'incident'>;
  /** Service to what is to be told of it; goes with its endpoints. */
  private readonly overdue = new Map<string, IncidentRecord[]>();
  /** What has been told, for as long as the endpoints still tell of it. */
  private readonly told = new Map<string, Set<string>>();
  private readonly work: KeyedSerial;

  constructor(bus: Connection, around: Surroundings) {
    this.incidents = new OwnRecords(bus, 'incident', { group: serviceOf, standing: around.standing });
    this.work = new KeyedSerial((service) => this.attend(service), { onError: around.onError });
  }

  take(change: Change<'endpoints'>): void {
    if (change.type === 'ready') return;
    const service = change.key.split('.').slice(1).join('/');
    const overdue = change.type === 'put' ? drainIncidents(change.record) : [];
    if (overdue.length === 0) {
      this.overdue.delete(service);
      this.told.delete(service);
      return;
    }
    this.overdue.set(service, overdue);
    this.work.add(service);
  }

  open(): void {
    this.work.open();
  }

  /** Writes what the leader before us has not. */
  takeOver(): void {
    for (const service of this.overdue.keys()) this.work.add(service);
  }

  close(): Promise<void> {
    return this.work.close();
  }

  private async attend(service: string): Promise<void> {
    await this.incidents.settle(service);
    const told = this.told.get(service) ?? new Set<string>();
    for (const incident of this.overdue.get(service) ?? []) {
      if (!told.has(incident.incident)) await this.tell(incident);
      told.add(incident.incident);
    }
    this.told.set(service, told);
  }

  private async tell(incident: IncidentRecord): Promise<void> {
    const key = keys.incident(incident);
    await this.incidents.look(key);
    if (!this.incidents.get(key)) await this.incidents.put(incident, { event: 'opened', ttlMs: RETENTION_MS });
    if (!this.incidents.isDraft(key)) this.incidents.drop(key);
  }
}
