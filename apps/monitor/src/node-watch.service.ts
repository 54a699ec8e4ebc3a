import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  filters,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  watch,
  watchLeases,
  type Change,
  type Connection,
  type LeaseChange,
} from '@tutti/bus';
import { CLUSTER_NAMESPACE, messageOf, type IncidentRecord } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { RETENTION_MS } from './core/incidents.js';
import { nodeBack, nodeDown } from './core/node-incidents.js';
import { SETTINGS, type MonitorSettings } from './settings.js';

/** Follows the nodes' leases, and records an incident for each that runs out. */
@Injectable()
export class NodeWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('monitor');
  private readonly nodes = new RecordTable<'node', string>({ group: ({ node }) => node, keep: ({ node }) => node });
  private readonly incidents: OwnRecords<'incident'>;
  /** Node to when its lease was last renewed, epoch ms. */
  private readonly renewed = new Map<string, number>();
  /** Node to when its lease ran out, epoch ms. */
  private readonly expired = new Map<string, number>();
  private readonly subscriptions: Subscription[] = [];
  private grace: NodeJS.Timeout | undefined;
  private ready = false;
  private readonly work = new KeyedSerial((node) => this.attend(node), {
    onError: (error, node) => this.log.warn(`node ${node}: ${messageOf(error)}; looks again`),
  });

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    @Inject(SETTINGS) private readonly settings: MonitorSettings,
  ) {
    this.incidents = new OwnRecords(bus, 'incident', ({ node }) => node ?? '');
  }

  onApplicationBootstrap(): void {
    const followed = [filters.all<'node' | 'incident'>('node'), filters.inNamespace('incident', CLUSTER_NAMESPACE)];
    this.subscriptions.push(
      watch<'node' | 'incident'>(this.bus, followed).subscribe((change) => this.take(change)),
      watchLeases(this.bus, 'node').subscribe((change) => this.takeLease(change)),
    );
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.grace);
    this.subscriptions.forEach((subscription) => subscription.unsubscribe());
    await this.work.close();
  }

  private take(change: Change<'node' | 'incident'>): void {
    if (change.type === 'ready') {
      this.ready = true;
      return this.work.open();
    }
    if (change.kind === 'node') this.nodes.take(change as Change<'node'>);
    else if (!this.ready && change.type === 'put' && !(change as { record: { resolvedAt?: string } }).record.resolvedAt)
      this.incidents.take(change as Change<'incident'>);
  }

  private takeLease(change: LeaseChange): void {
    if (change.type === 'ready') return this.giveGrace();
    if (change.type === 'held') {
      const isNews = !this.renewed.has(change.name);
      this.renewed.set(change.name, Date.now());
      this.expired.delete(change.name);
      if (isNews) this.work.add(change.name);
      return;
    }
    this.renewed.delete(change.name);
    this.expired.set(change.name, Date.now());
    this.work.add(change.name);
  }

  /** Leases are begun anew after each reconnection: whoever has not renewed a while after that is missing. */
  private giveGrace(): void {
    const since = Date.now();
    clearTimeout(this.grace);
    this.grace = setTimeout(() => this.findMissing(since), this.settings.nodeGraceMs);
  }

  private findMissing(since: number): void {
    for (const node of this.nodes.groupNames()) {
      if (this.expired.has(node) || (this.renewed.get(node) ?? 0) >= since) continue;
      this.renewed.delete(node);
      this.expired.set(node, since);
      this.work.add(node);
    }
  }

  private async attend(node: string): Promise<void> {
    const [open] = this.incidents.in(node);
    const expiredAt = this.expired.get(node);
    if (expiredAt !== undefined && !open) return this.write(nodeDown(node, expiredAt), 'opened');
    const renewedAt = this.renewed.get(node);
    if (renewedAt !== undefined && open) await this.write(nodeBack(open, renewedAt), 'resolved');
  }

  private async write(incident: IncidentRecord, event: 'opened' | 'resolved'): Promise<void> {
    const written = await this.incidents.put(incident, { event, ttlMs: RETENTION_MS });
    if (written && event === 'resolved') this.incidents.drop(keys.incident(incident));
    // Its lease may have changed while that was written.
    this.work.add(incident.node ?? '');
  }
}
