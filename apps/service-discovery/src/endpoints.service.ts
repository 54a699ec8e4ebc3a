import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, filters, KeyedSerial, keys, OwnRecords, watch, type Change, type Connection } from '@tutti/bus';
import { messageOf, serviceKey, type EndpointsRecord, type ServiceRef } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { endpointsOf, sameEndpoints } from './core/endpoints.js';
import { drainsOf, sameLeaving } from './core/leaving.js';
import { DiscoveryOffice } from './office.js';
import { FOLLOWED, NO_ENDPOINTS, Picture, refOf, type Followed } from './picture.js';

/**
 * Keeps the endpoints of each service what its tasks, their statuses and verdicts say, and clears those that are to go
 * once no proxy sends to them any more. Works by service. Of several instances one leads and writes; the others keep the
 * same picture, and take over with it.
 */
@Injectable()
export class EndpointsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('service-discovery');
  private readonly picture = new Picture();
  private readonly own: OwnRecords<'endpoints'>;
  private readonly work = new KeyedSerial((service) => this.attend(service), {
    onError: (error, service) => this.log.warn(`${service}: ${messageOf(error)}; looks again`),
  });
  private readonly pictureComplete: () => void;
  private subscription?: Subscription;

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    office: DiscoveryOffice,
  ) {
    this.pictureComplete = office.join(() => this.own.draftGroups().forEach((service) => this.work.add(service)));
    this.own = new OwnRecords(bus, 'endpoints', { group: serviceKey, standing: office });
  }

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscription = watch(this.bus, all).subscribe((change) => this.take(change));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.work.close();
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') {
      this.work.open();
      return this.pictureComplete();
    }
    for (const service of this.picture.take(change)) this.work.add(service);
    if (change.kind !== 'endpoints') return;
    const service = this.own.take(change as Change<'endpoints'>);
    if (service !== undefined) this.work.add(service);
  }

  private async attend(service: string): Promise<void> {
    const ref = refOf(service);
    await this.own.settle(service);
    const before = this.own.get(keys.endpoints(ref));
    const written = this.picture.isGone(service) ? await this.remove(ref) : await this.update(ref, before);
    if (!written) this.work.add(service);
  }

  private remove(ref: ServiceRef): Promise<boolean> {
    return this.own.remove(keys.endpoints(ref), { event: 'removed' });
  }

  private async update(ref: ServiceRef, written: EndpointsRecord | undefined): Promise<boolean> {
    const service = serviceKey(ref);
    const before = written ?? NO_ENDPOINTS;
    const view = this.picture.view(service);
    const endpoints = endpointsOf(view);
    const { leaving, dueAt } = drainsOf({
      ...view,
      leaving: before.leaving ?? [],
      proxies: this.picture.proxies(),
      leavingSince: (task) => this.picture.leavingSince(service, task),
      drainMs: this.picture.drainMs(service),
      now: Date.now(),
    });
    // The time that a task has to be drained runs by itself.
    this.work.addAt(service, dueAt);
    const isSame = sameEndpoints(before.endpoints, endpoints) && sameLeaving(before.leaving ?? [], leaving);
    if (written && isSame) return true;
    const updatedAt = new Date().toISOString();
    const record = { ...ref, endpoints, ...(leaving.length > 0 && { leaving }), updatedAt };
    return this.own.put(record, { event: 'changed' });
  }
}
