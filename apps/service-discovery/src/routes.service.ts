import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  filters,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  watch,
  type Change,
  type Connection,
} from '@tutti/bus';
import { messageOf, type RolloutRecord, type RouteRecord } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { routeSpecs, sameRoute, type RouteSpec } from './core/routes.js';
import { DiscoveryOffice } from './office.js';
import { appKey } from './picture.js';
import { ALL, VirtualAddresses, type VirtualKind } from './virtual-addresses.js';

const FOLLOWED = ['app', 'revision', 'rollout', 'route', 'virtual', 'addressing', 'range'] as const;
type Followed = (typeof FOLLOWED)[number];

/** What is kept of a revision. */
interface Compiled {
  revision: number;
  routes: Record<string, RouteSpec>;
}

/** Keeps one route a service what the spec that is wanted says of how it is reached. Works by application. */
@Injectable()
export class RoutesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('service-discovery');
  private readonly wanted = new RecordTable<'app', number>({ group: appKey, keep: ({ revision }) => revision });
  /** Which revision's spec tasks get instead, after an update has failed. */
  private readonly turns = new RecordTable<'rollout', Pick<RolloutRecord, 'revision' | 'target'>>({
    group: appKey,
    keep: ({ revision, target }) => ({ revision, ...(target !== undefined && { target }) }),
  });
  private readonly compiled = new RecordTable<'revision', Compiled>({
    group: appKey,
    keep: (record) => ({ revision: record.revision, routes: routeSpecs(record, record.spec) }),
  });
  private readonly own: OwnRecords<'route'>;
  private readonly addresses: VirtualAddresses;
  private readonly work = new KeyedSerial((app) => this.attend(app), {
    onError: (error, app) => this.log.warn(`${app}: ${messageOf(error)}; looks again`),
  });
  private readonly pictureComplete: () => void;
  private subscription?: Subscription;

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    private readonly office: DiscoveryOffice,
  ) {
    this.pictureComplete = office.join(() => this.addAll());
    this.addresses = new VirtualAddresses(bus);
    this.own = new OwnRecords(bus, 'route', { group: appKey, standing: office });
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
    const app = this.fold(change);
    if (app === ALL) this.addAll();
    else if (app !== undefined) this.work.add(app);
  }

  private addAll(): void {
    for (const app of this.wanted.groupNames()) this.work.add(app);
    for (const app of this.own.draftGroups()) this.work.add(app);
    for (const app of this.addresses.apps()) this.work.add(app);
  }

  private fold(change: Exclude<Change<Followed>, { type: 'ready' }>): string | undefined {
    switch (change.kind) {
      case 'app':
        return this.wanted.take(change as Change<'app'>);
      case 'revision':
        return this.compiled.take(change as Change<'revision'>);
      case 'rollout':
        return this.foldRollout(change as Exclude<Change<'rollout'>, { type: 'ready' }>);
      case 'route':
        return this.own.take(change as Change<'route'>);
      default:
        return this.addresses.take(change as Change<VirtualKind>);
    }
  }

  /** A rollout is written at each of its steps; what matters here is which revision is in effect. */
  private foldRollout(change: Exclude<Change<'rollout'>, { type: 'ready' }>): string | undefined {
    const [, namespace = '', name = ''] = change.key.split('.');
    const app = appKey({ namespace, app: name });
    const before = this.inEffect(app);
    this.turns.take(change);
    return this.inEffect(app) === before ? undefined : app;
  }

  private async attend(app: string): Promise<void> {
    const [namespace = '', name = ''] = app.split('/');
    await this.own.settle(app);
    const revision = this.inEffect(app);
    const compiled = this.compiled.in(app).find((one) => one.revision === revision);
    // Its revision is on the way.
    if (revision !== undefined && !compiled) return;
    const routes = compiled?.routes ?? {};
    const addresses = await this.addressesOf(app, routes);
    const stale = this.own.in(app).filter(({ service }) => !Object.hasOwn(routes, service));
    const written = await Promise.all([
      ...stale.map((route) => this.own.remove(keys.route(route), { event: 'removed' })),
      ...Object.entries(routes).map(([service, route]) =>
        this.update({ namespace, app: name, service, revision: revision ?? 0, ...addresses.get(service) }, route),
      ),
    ]);
    if (!written.every(Boolean)) this.work.add(app);
  }

  /** Those that are to have one, by service. Whoever does not lead takes over what the leader gives out. */
  private async addressesOf(
    app: string,
    routes: Record<string, RouteSpec>,
  ): Promise<Map<string, Pick<RouteRecord, 'virtualAddress'>>> {
    const wanted = Object.keys(routes).filter((service) => routes[service]?.endpointMode === 'vip');
    if (this.office.leads) await this.addresses.settle(app, wanted);
    const given = [...this.addresses.of(app)].filter(([service]) => wanted.includes(service));
    return new Map(given.map(([service, virtualAddress]) => [service, { virtualAddress }]));
  }

  private inEffect(app: string): number | undefined {
    const [asked] = this.wanted.in(app);
    const [turn] = this.turns.in(app);
    return asked !== undefined && turn?.revision === asked ? (turn.target ?? asked) : asked;
  }

  private async update(
    ref: Pick<RouteRecord, 'namespace' | 'app' | 'service' | 'revision' | 'virtualAddress'>,
    { endpointMode: _, ...route }: RouteSpec,
  ): Promise<boolean> {
    const before = this.own.get(keys.route(ref));
    const next: RouteRecord = { ...ref, ...route, updatedAt: new Date().toISOString() };
    return before && sameRoute(before, next) ? true : this.own.put(next, { event: 'changed' });
  }
}
