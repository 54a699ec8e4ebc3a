import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, filters, watch, type Change, type Connection } from '@tutti/bus';
import { CLUSTER_NAMESPACE, messageOf } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { IncidentDesk } from './incident-desk.js';
import { Verdicts } from './verdicts.js';

const FOLLOWED = ['task', 'status', 'health', 'incident'] as const;
type Followed = (typeof FOLLOWED)[number];

/** Follows tasks and what their agents report, and hands each change to whom it concerns. */
@Injectable()
export class TaskWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('monitor');
  private readonly onError = (error: unknown, key: string): void =>
    this.log.warn(`${key}: ${messageOf(error)}; looks again`);
  private readonly verdicts: Verdicts;
  private readonly desk: IncidentDesk;
  private subscription?: Subscription;
  private ready = false;

  constructor(@Inject(BUS) private readonly bus: Connection) {
    const { onError } = this;
    this.verdicts = new Verdicts(bus, { changed: (status) => this.desk.look(status), onError });
    this.desk = new IncidentDesk(bus, { healthOf: (task) => this.verdicts.of(task), onError });
  }

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscription = watch(this.bus, all).subscribe((change) => this.take(change));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await Promise.all([this.verdicts.close(), this.desk.close()]);
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return this.begin();
    switch (change.kind) {
      case 'task':
        return this.desk.take(change as Change<'task'>);
      case 'status':
        this.verdicts.take(change as Change<'status'>);
        return this.desk.take(change as Change<'status'>);
      case 'health':
        // After the start, what we know of our own records comes from our own writes.
        if (!this.ready) this.verdicts.take(change as Change<'health'>);
        return;
      case 'incident':
        if (!this.ready && !change.key.startsWith(CLUSTER)) this.desk.takeOwn(change as Change<'incident'>);
    }
  }

  private begin(): void {
    this.ready = true;
    this.verdicts.open();
    this.desk.open();
  }
}

/** Incidents of nodes are looked after elsewhere. */
const CLUSTER: string = filters.inNamespace('incident', CLUSTER_NAMESPACE).slice(0, -1);
