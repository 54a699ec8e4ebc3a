import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, filters, watch, type Change, type Connection } from '@tutti/bus';
import { messageOf } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { Haproxy } from './haproxy/haproxy.js';
import { findProgram } from './haproxy/program.js';
import { FOLLOWED, Picture, type Followed } from './picture.js';
import { Proxy } from './proxy.js';
import type { Settings } from './settings.js';
import { TrafficSampler } from './traffic-sampler.js';
import { VersionSampler } from './version-sampler.js';

export const SETTINGS = Symbol('SETTINGS');

/** Keeps the node's HAProxy as the records say. */
@Injectable()
export class ProxyService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('data-plane');
  private subscription?: Subscription;
  private proxy?: Proxy;
  private sampler?: TrafficSampler;
  private versions?: VersionSampler;
  private unhear: (() => void) | undefined;

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { node, folder, haproxy: given, httpPort, httpsPort, desk, ...every } = this.settings;
    const program = await findProgram(given);
    const haproxy = new Haproxy({ program, folder, lost: () => proxy.lost() });
    const picture = new Picture(node, desk);
    const proxy = new Proxy({
      bus: this.bus,
      haproxy,
      picture,
      node,
      httpPort,
      httpsPort,
      ...(desk && { desk }),
      version: program.version,
      log: this.log,
    });
    this.proxy = proxy;
    this.sampler = new TrafficSampler({ bus: this.bus, haproxy, node, everyMs: every.sampleEveryMs });
    const versions = new VersionSampler({
      bus: this.bus,
      node,
      everyMs: every.versionsEveryMs,
      isWanted: () => picture.countedServices().size > 0,
      read: () => proxy.versions(),
    });
    this.versions = versions;
    const everywhere = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    const all = desk ? [...everywhere, filters.onNode<Followed & 'status'>('status', node)] : everywhere;
    // What HAProxy serves depends on which networks there are: what it has already is not to be taken from it for a moment.
    const open = (): unknown => (desk ? desk.offered().then(() => proxy.open()) : proxy.open());
    this.unhear = desk?.onChange(() => proxy.touch({ layout: true, maps: true, services: [] }));
    this.subscription = watch(this.bus, all).subscribe({
      next: (change: Change<Followed>) => {
        if (change.type === 'ready') return void open();
        proxy.touch(picture.take(change));
        versions.wake();
      },
      error: (error: unknown) => this.log.error(`the routes cannot be followed: ${messageOf(error)}`),
    });
  }

  /** HAProxy goes on with what it has. */
  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    this.unhear?.();
    this.sampler?.stop();
    this.versions?.stop();
    await this.proxy?.close();
  }
}
