import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, follow, STREAM, subjects, type Connection } from '@tutti/bus';
import type { Subscription } from 'rxjs';
import { TrafficTable } from './core/traffic.js';

/** What the proxies have counted of late; every instance of the gateway knows all of it. */
@Injectable()
export class TrafficService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly table = new TrafficTable();
  private subscription?: Subscription;

  constructor(@Inject(BUS) private readonly bus: Connection) {}

  onApplicationBootstrap(): void {
    const what = { stream: STREAM.samples, subject: subjects.samples('*'), since: new Date() };
    this.subscription = follow(this.bus, what).subscribe(({ body }) => this.table.take(body, Date.now()));
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  /** In Prometheus' text format. */
  metrics(): string {
    return this.table.render(Date.now());
  }
}
