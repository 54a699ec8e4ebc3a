import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, Candidacy, filters, watch, type Change, type Connection } from '@tutti/bus';
import { CLUSTER_NAMESPACE, messageOf } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Subscription } from 'rxjs';
import { AnalysisDesk } from './analysis-desk.js';
import { DrainDesk } from './drain-desk.js';
import { IncidentDesk } from './incident-desk.js';
import { failedOfLate } from './missed.js';
import { NodeDesk } from './node-desk.js';
import { RolloutDesk } from './rollout-desk.js';
import { Verdicts } from './verdicts.js';

const FOLLOWED = ['task', 'status', 'health', 'incident', 'liveness', 'endpoints', 'rollout', 'analysis'] as const;
type Followed = (typeof FOLLOWED)[number];

/**
 * Follows tasks, what their agents report, and the verdicts on nodes, and hands each change to whom it concerns. Of
 * several instances one leads and writes; the others judge alike, and take over with what they have seen.
 */
@Injectable()
export class Monitor implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('monitor');
  private readonly candidacy: Candidacy;
  private readonly verdicts: Verdicts;
  private readonly desk: IncidentDesk;
  private readonly nodes: NodeDesk;
  private readonly drains: DrainDesk;
  private readonly rollouts: RolloutDesk;
  private readonly analyses: AnalysisDesk;
  private subscription?: Subscription;

  constructor(@Inject(BUS) private readonly bus: Connection) {
    const onError = (error: unknown, key: string): void => this.log.warn(`${key}: ${messageOf(error)}; looks again`);
    this.candidacy = new Candidacy(bus, 'monitor', { begin: () => this.takeOver(), end: () => undefined });
    const around = { standing: this.candidacy, onError };
    this.verdicts = new Verdicts(bus, { ...around, changed: (status) => this.desk.look(status) });
    this.desk = new IncidentDesk(bus, { ...around, healthOf: (task) => this.verdicts.of(task) });
    this.drains = new DrainDesk(bus, around);
    this.rollouts = new RolloutDesk(bus, around);
    this.analyses = new AnalysisDesk(bus, around);
    this.nodes = new NodeDesk(bus, { ...around, successorOf: (slot, task) => this.desk.successorOf(slot, task) });
  }

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscription = watch(this.bus, all).subscribe((change) => this.take(change));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await Promise.all(this.parts().map((part) => part.close()));
    await this.candidacy.close();
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return this.begin();
    switch (change.kind) {
      case 'task':
        this.desk.take(change as Change<'task'>);
        return this.nodes.takeTask(change as Change<'task'>);
      case 'status':
        this.verdicts.take(change as Change<'status'>);
        return this.desk.take(change as Change<'status'>);
      case 'health':
        return this.verdicts.takeOwn(change as Change<'health'>);
      case 'incident':
        return this.takeIncident(change as Change<'incident'>);
      case 'liveness':
        return this.nodes.take(change as Change<'liveness'>);
      case 'endpoints':
        return this.drains.take(change as Change<'endpoints'>);
      case 'rollout':
        this.analyses.take(change as Change<'rollout'>);
        return this.rollouts.take(change as Change<'rollout'>);
      case 'analysis':
        return this.analyses.takeOwn(change as Change<'analysis'>);
    }
  }

  /** Each desk looks after its own kinds. */
  private takeIncident(change: Change<'incident'>): void {
    if (change.type === 'ready') return;
    if (change.key.startsWith(CLUSTER)) return this.nodes.takeOwn(change);
    const isRollouts = change.type === 'put' && change.record.kind === 'rollout-failed';
    if (change.type !== 'put' || isRollouts) this.rollouts.takeOwn(change);
    if (!isRollouts) this.desk.takeOwn(change);
    if (change.type === 'put' && !isRollouts) this.rollouts.hear(change.record);
  }

  private parts() {
    return [this.verdicts, this.desk, this.nodes, this.drains, this.rollouts, this.analyses];
  }

  private begin(): void {
    for (const part of this.parts()) part.open();
    this.candidacy.stand();
  }

  private takeOver(): void {
    for (const part of this.parts()) part.takeOver();
    void this.lookBack();
  }

  /** Tells of what failed while nobody led. */
  private async lookBack(): Promise<void> {
    while (this.candidacy.leads) {
      try {
        return this.desk.takeLate(await failedOfLate(this.bus, Date.now()));
      } catch (error) {
        this.log.warn(`what failed of late is looked for again: ${messageOf(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }
}

const RETRY_MS = 1000;

/** Incidents of nodes are looked after by another desk. */
const CLUSTER: string = filters.inNamespace('incident', CLUSTER_NAMESPACE).slice(0, -1);
