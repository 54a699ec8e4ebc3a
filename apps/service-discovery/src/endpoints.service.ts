import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  Candidacy,
  filters,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  watch,
  type Change,
  type Connection,
} from '@tutti/bus';
import { messageOf, type EndpointsRecord, type ServiceRef, type Verdict } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { endpointsOf, runningOf, sameEndpoints, wantedOf, type Running, type Wanted } from './core/endpoints.js';

const FOLLOWED = ['task', 'status', 'health', 'endpoints'] as const;
type Followed = (typeof FOLLOWED)[number];

const serviceKey = ({ namespace, app, service }: ServiceRef): string => [namespace, app, service].join('/');

function refOf(key: string): ServiceRef {
  const [namespace = '', app = '', service = ''] = key.split('/');
  return { namespace, app, service };
}

/**
 * Keeps the endpoints of each service what its tasks, their statuses and verdicts say. Works by service. Of several
 * instances one leads and writes; the others keep the same picture, and take over with it.
 */
@Injectable()
export class EndpointsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('service-discovery');
  private readonly tasks = new RecordTable<'task', Wanted>({ group: serviceKey, keep: wantedOf });
  private readonly statuses = new RecordTable<'status', Running>({ group: serviceKey, keep: runningOf });
  private readonly health = new RecordTable<'health', { task: string; verdict: Verdict }>({
    group: serviceKey,
    keep: ({ task, verdict }) => ({ task, verdict }),
  });
  private readonly own: OwnRecords<'endpoints'>;
  private readonly work = new KeyedSerial((service) => this.attend(service), {
    onError: (error, service) => this.log.warn(`${service}: ${messageOf(error)}; looks again`),
  });
  private readonly candidacy: Candidacy;
  private subscription?: Subscription;

  constructor(@Inject(BUS) private readonly bus: Connection) {
    this.candidacy = new Candidacy(bus, 'service-discovery', {
      begin: () => this.own.draftGroups().forEach((service) => this.work.add(service)),
      end: () => undefined,
    });
    this.own = new OwnRecords(bus, 'endpoints', { group: serviceKey, standing: this.candidacy });
  }

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscription = watch(this.bus, all).subscribe((change) => this.take(change));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.work.close();
    await this.candidacy.close();
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') {
      this.work.open();
      return this.candidacy.stand();
    }
    const service = this.fold(change);
    if (service !== undefined) this.work.add(service);
  }

  private fold(change: Exclude<Change<Followed>, { type: 'ready' }>): string | undefined {
    switch (change.kind) {
      case 'task':
        return this.tasks.take(change as Change<'task'>);
      case 'status':
        return this.statuses.take(change as Change<'status'>);
      case 'health':
        return this.health.take(change as Change<'health'>);
      case 'endpoints':
        return this.own.take(change as Change<'endpoints'>);
    }
  }

  private async attend(service: string): Promise<void> {
    const ref = refOf(service);
    await this.own.settle(service);
    const before = this.own.get(keys.endpoints(ref));
    const isGone = this.tasks.count(service) === 0 && this.statuses.count(service) === 0;
    const written = isGone ? await this.remove(ref) : await this.update(ref, before);
    if (!written) this.work.add(service);
  }

  private remove(ref: ServiceRef): Promise<boolean> {
    return this.own.remove(keys.endpoints(ref), { event: 'removed' });
  }

  private async update(ref: ServiceRef, before: EndpointsRecord | undefined): Promise<boolean> {
    const service = serviceKey(ref);
    const verdicts = new Map(this.health.in(service).map(({ task, verdict }) => [task, verdict]));
    const endpoints = endpointsOf({
      tasks: this.tasks.in(service),
      statuses: this.statuses.in(service),
      verdictOf: (task) => verdicts.get(task),
    });
    if (before && sameEndpoints(before.endpoints, endpoints)) return true;
    const updatedAt = new Date().toISOString();
    return this.own.put({ ...ref, endpoints, updatedAt }, { event: 'changed' });
  }
}
