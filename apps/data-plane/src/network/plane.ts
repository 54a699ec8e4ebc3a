import type { LoggerService } from '@nestjs/common';
import { commit, filters, KeyedSerial, put, watch, type Change, type Connection } from '@tutti/bus';
import {
  formatCidr,
  messageOf,
  parseCidr,
  virtualStretch,
  type AddressingRecord,
  type BridgesRecord,
  type TunnelEnd,
} from '@tutti/model';
import { createHash } from 'node:crypto';
import type { Subscription } from 'rxjs';
import { hostAddresses } from './addresses.js';
import { chainsOf, firewallRules } from './core/firewall.js';
import { pictureOf, type Picture } from './core/picture.js';
import type { Tunnel } from './core/vxlan.js';
import type { Overlay } from './core/ways.js';
import { Firewall, sweepFirewall, type Family } from './firewall.js';
import type { VirtualDesk } from '../virtual/desk.js';
import { Vxlan } from './vxlan.js';
import { ROUTED, Ways, type Way } from './ways.js';
import { WireGuard } from './wireguard.js';

/** Its work has no parts: each look is at everything. */
const ALL = 'all';

const FOLLOWED = ['range', 'bridges', 'node', 'tunnel', 'addressing'] as const;
type Followed = (typeof FOLLOWED)[number];

/** Nobody tells when Docker or an administrator has changed the firewall: it is looked at so often, in milliseconds. */
const LOOK_MS = 5000;

export interface PlaneOptions {
  bus: Connection;
  logger: LoggerService;
  cluster: string;
  node: string;
  overlay: Exclude<Overlay, 'none'>;
  desk: VirtualDesk;
  firewall: Family;
}

/**
 * Joins the networks of this node with their parts on other nodes: routes there, and a firewall that lets through what
 * is of one network and nothing else. Looks at what is wanted and at what is there, and makes up the difference.
 */
export class NetworkPlane {
  private readonly ranges = new Map<string, string>();
  private readonly bridges = new Map<string, BridgesRecord>();
  private readonly addresses = new Map<string, string>();
  private readonly tunnels = new Map<string, TunnelEnd>();
  private readonly firewall: Firewall;
  private readonly ways: Ways;
  /** Where virtual addresses lie. */
  private stretch: string | undefined;
  private readonly unhear: () => void;
  private readonly subscription: Subscription;
  private readonly timer: NodeJS.Timeout;
  private readonly work = new KeyedSerial(() => this.settle(), { onError: (error) => this.complain(messageOf(error)) });
  private complaint = '';
  /** Once, at the start, is often enough. */
  private swept = false;

  constructor(private readonly options: PlaneOptions) {
    const { bus, cluster, node, logger, desk } = options;
    this.unhear = desk.onChange(() => this.work.add(ALL));
    this.firewall = new Firewall(chainsOf(digest(`${cluster}/${node}`).slice(0, 8)), options.firewall);
    this.ways = new Ways(this.chosenWay());
    this.subscription = watch(
      bus,
      FOLLOWED.map((kind) => filters.all<Followed>(kind)),
    ).subscribe({
      next: (change) => this.take(change),
      error: (error: unknown) => logger.error(`the networks cannot be followed: ${messageOf(error)}`),
    });
    this.timer = setInterval(() => this.work.add(ALL), LOOK_MS).unref();
  }

  /** What is set up stays: containers go on talking to one another. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    this.unhear();
    this.subscription.unsubscribe();
    await this.work.close();
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return this.work.open();
    this.fold(change);
    this.work.add(ALL);
  }

  private fold(change: Exclude<Change<Followed>, { type: 'ready' }>): void {
    const node = change.key.slice(change.kind.length + 1);
    if (change.kind === 'addressing') {
      this.stretch = change.type === 'put' ? stretchOf(change.record) : undefined;
      return;
    }
    if (change.type === 'removed') {
      const maps = { range: this.ranges, bridges: this.bridges, node: this.addresses, tunnel: this.tunnels };
      return void maps[change.kind].delete(node);
    }
    switch (change.kind) {
      case 'range':
        return void this.ranges.set(node, change.record.cidr);
      case 'bridges':
        return void this.bridges.set(node, change.record);
      case 'node':
        return void this.addresses.set(node, change.record.address);
      case 'tunnel':
        return void this.tunnels.set(node, change.record);
    }
  }

  private chosenWay(): Way {
    const { overlay, cluster } = this.options;
    if (overlay === 'routed') return ROUTED;
    if (overlay === 'vxlan') return new Vxlan(tunnelOf(cluster));
    const deviceAt = (address: string): string => `tutti-w${digest(`${cluster}/${address}`).slice(0, 8)}`;
    return new WireGuard({ deviceAt, tell: (end) => this.tell(end) });
  }

  /** Says where the host's end of the tunnel is, unless the record says so already. */
  private async tell({ publicKey, port }: TunnelEnd): Promise<void> {
    const { bus, node } = this.options;
    const told = this.tunnels.get(node);
    if (told?.publicKey === publicKey && told.port === port) return;
    const record = { node, publicKey, port, updatedAt: new Date().toISOString() };
    // It is told again at the next look; what is set up on this host does not wait for the bus.
    await commit(bus, [put('tunnel', record, { event: 'changed' })]).catch((error: unknown) =>
      this.complain(`this node's end of the tunnel cannot be told: ${messageOf(error)}`),
    );
  }

  private async settle(): Promise<void> {
    const { node } = this.options;
    const addresses = await hostAddresses();
    if (!this.swept) await sweepFirewall(this.options.firewall, new Set(addresses.values()));
    this.swept = true;
    const picture = pictureOf({ ...this.known(), node, deviceOf: (address) => addresses.get(address) });
    this.options.desk.offer((picture?.bridges ?? []).map(({ network, subnet }) => ({ network, subnet })));
    if (!picture) return;
    const underlay = addresses.get(picture.address);
    if (picture.bridges.length === 0 && picture.peers.length === 0) return this.part(picture, underlay);
    if (underlay === undefined) {
      return this.complain(
        `no interface of this host has the address ${picture.address} that the node is known by: set TUTTI_ADDRESS to one that has`,
      );
    }
    await this.join(picture, underlay);
  }

  /** Nothing is joined any more: the last other node has been removed. */
  private async part(picture: Picture, underlay: string | undefined): Promise<void> {
    await this.firewall.remove();
    if (underlay !== undefined && this.ways.areMade) await this.ways.apply(picture, underlay);
  }

  private async join(picture: Picture, underlay: string): Promise<void> {
    const noWay = await this.ways.apply(picture, underlay);
    const { desk } = this.options;
    const { stretch } = this;
    const served = desk.served;
    const port = served?.port;
    const virtual = served && { ...(stretch !== undefined && { stretch }), ...(port !== undefined && { port }) };
    const way = this.ways.deviceFor(picture, underlay);
    await this.firewall.apply(firewallRules(picture, { way, ...(virtual && { virtual }) }, this.firewall.chains));
    const isTurned = stretch !== undefined && port !== undefined;
    desk.turn(new Set(isTurned ? picture.bridges.map(({ network }) => network) : []));
    const [first] = noWay;
    if (!first) return void (this.complaint = '');
    const others = noWay.length > 1 ? ` and ${noWay.length - 1} more` : '';
    this.complain(`there is no way to node ${first.node}${others}: ${first.why}`);
  }

  private known() {
    const { ranges, bridges, addresses, tunnels } = this;
    return { ranges, bridges, addresses, tunnels };
  }

  /** Once for each thing, not each time that it is looked at. */
  private complain(text: string): void {
    if (text === this.complaint) return;
    this.complaint = text;
    this.options.logger.warn(`networks between hosts: ${text}`);
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The same on all hosts of a cluster; names of interfaces have at most 15 letters. */
function tunnelOf(cluster: string): Tunnel {
  const mark = digest(cluster).slice(0, 6);
  return { device: `tutti-${mark}`, id: Number.parseInt(mark, 16) };
}

function stretchOf({ range, nodePrefix }: AddressingRecord): string | undefined {
  const whole = parseCidr(range);
  return whole && formatCidr(virtualStretch({ range: whole, nodePrefix }));
}
