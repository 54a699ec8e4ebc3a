import type { LoggerService } from '@nestjs/common';
import { filters, KeyedSerial, keys, watch, type Change, type Connection } from '@tutti/bus';
import { messageOf, type Bridge, type ServiceRef } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { hostAddresses } from '../network/addresses.js';
import { NameTable } from './core/name-table.js';
import { replyTo } from './core/reply.js';
import type { VirtualDesk } from '../virtual/desk.js';
import { Listener } from './listener.js';
import { Upstream } from './upstream.js';
import { answer, readQuery } from './wire.js';

/** Its work has no parts. */
const ALL = 'all';

type Followed = 'route' | 'endpoints' | 'bridges';

/** A port that somebody else holds is tried again so often, in milliseconds. */
const LOOK_MS = 5000;

export interface ResolverOptions {
  bus: Connection;
  node: string;
  logger: LoggerService;
  desk: Pick<VirtualDesk, 'leads'>;
}

/**
 * The resolver of a node: on each network's address of the host, names of the services on that network; all else is asked of
 * the host's own resolvers. The address that it is asked on tells the network, so two applications may both have an `api`.
 */
export class Resolver {
  private readonly table: NameTable;
  private readonly upstream = new Upstream();
  private readonly listeners = new Map<string, Listener>();
  private readonly refused = new Set<string>();
  private readonly subscription: Subscription;
  private readonly timer: NodeJS.Timeout;
  private bridges: Bridge[] = [];
  private readonly work: KeyedSerial;

  constructor(private readonly options: ResolverOptions) {
    const { bus, node, logger, desk } = options;
    this.table = new NameTable((network, address) => desk.leads(network, address));
    this.work = new KeyedSerial(() => this.listenWhereWanted(), {
      onError: (error) => logger.warn(`names on the node's networks: ${messageOf(error)}; looks again`),
    });
    const all = [filters.all('route'), filters.all('endpoints'), filters.one(keys.bridges({ node }))];
    this.subscription = watch<Followed>(bus, all).subscribe({
      next: (change) => this.take(change),
      error: (error: unknown) => logger.error(`names cannot be followed: ${messageOf(error)}`),
    });
    this.timer = setInterval(() => this.lookAgain(), LOOK_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.subscription.unsubscribe();
    await this.work.close();
    this.listeners.forEach((listener) => listener.close());
  }

  private take(change: Change<Followed>): void {
    // It listens once it knows all names.
    if (change.type === 'ready') return this.work.open();
    if (change.type === 'removed') this.forget(change.kind, change.key);
    else this.learn(change);
    if (change.kind === 'bridges') this.work.add(ALL);
  }

  private learn(change: Extract<Change<Followed>, { type: 'put' }>): void {
    switch (change.kind) {
      case 'route':
        return this.table.putRoute(change.record);
      case 'endpoints':
        return this.table.putEndpoints(change.record);
      case 'bridges':
        this.bridges = change.record.bridges;
    }
  }

  private forget(kind: Followed, key: string): void {
    const [, namespace = '', app = '', service = ''] = key.split('.');
    const ref: ServiceRef = { namespace, app, service };
    if (kind === 'route') this.table.removeRoute(ref);
    else if (kind === 'endpoints') this.table.removeEndpoints(ref);
    else this.bridges = [];
  }

  /** Networks that are listened on stay so, whatever becomes of the interface. */
  private lookAgain(): void {
    if (this.listeners.size !== this.bridges.length) this.work.add(ALL);
  }

  private async listenWhereWanted(): Promise<void> {
    const addresses = await hostAddresses();
    const here = this.bridges.filter(({ gateway }) => addresses.has(gateway));
    const wanted = new Map(here.map((bridge) => [JSON.stringify(bridge), bridge]));
    for (const [key, listener] of this.listeners) {
      if (wanted.has(key)) continue;
      listener.close();
      this.listeners.delete(key);
    }
    for (const [key, bridge] of wanted) if (!this.listeners.has(key)) await this.listen(key, bridge);
  }

  private async listen(key: string, bridge: Bridge): Promise<void> {
    try {
      const respond = (bytes: Buffer, transport: 'udp' | 'tcp') => this.respond(bridge.network, bytes, transport);
      this.listeners.set(key, await Listener.open(bridge, respond));
      this.refused.delete(key);
    } catch (error) {
      if (this.refused.has(key)) return;
      this.refused.add(key);
      this.options.logger.warn(`names on the network ${bridge.network} cannot be answered yet: ${messageOf(error)}`);
    }
  }

  private async respond(network: string, bytes: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const query = readQuery(bytes);
    if (!query) return undefined;
    const reply = replyTo(query.question, (name) => this.table.find(network, name), Math.random);
    return reply === 'forward' ? this.upstream.ask(query, transport) : answer(query, reply, transport);
  }
}
