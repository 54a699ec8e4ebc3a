import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  commit,
  filters,
  getForUpdate,
  KeyedSerial,
  keys,
  list,
  put,
  RecordTable,
  remove,
  watch,
  type Change,
  type Connection,
} from '@tutti/bus';
import {
  formatCidr,
  messageOf,
  parseAddress,
  parseCidr,
  type Addressing,
  type AddressingRecord,
  type RangeRecord,
} from '@tutti/model';
import type { Subscription } from 'rxjs';
import { addressingOf, freeStretch } from './core/ranges.js';

export const ADDRESSING = Symbol('ADDRESSING');

const FOLLOWED = ['node', 'availability', 'range', 'addressing'] as const;
type Followed = (typeof FOLLOWED)[number];

const byNode = ({ node }: { node: string }): string => node;
/** One at a time: each decides on what the one before has given out. */
const SERIAL = { concurrency: 1, retryMs: 500 };

/**
 * Gives each node with a Docker Engine a stretch of the cluster's addresses, and takes it back when the node is removed.
 * Needs no leader: whoever gives one out writes the addressing record with it, expecting what it has decided on.
 */
@Injectable()
export class RangesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('service-discovery');
  private readonly nodes = new RecordTable<'node', { address: string; docker: boolean }>({
    group: byNode,
    keep: ({ address, engine }) => ({ address, docker: engine.kind === 'docker' }),
  });
  private readonly removed = new RecordTable<'availability', boolean>({
    group: byNode,
    keep: ({ availability }) => availability === 'removed',
  });
  private readonly ranges = new RecordTable<'range'>({ group: byNode, keep: (record) => record });
  private readonly addressing = new RecordTable<'addressing'>({ group: () => 'one', keep: (record) => record });
  private readonly work = new KeyedSerial((node) => this.attend(node), {
    ...SERIAL,
    onError: (error, node) => this.log.warn(`the address range of ${node}: ${messageOf(error)}; looks again`),
  });
  private usedUp = false;
  private subscription?: Subscription;

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    @Inject(ADDRESSING) private readonly wanted: Addressing,
  ) {}

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscription = watch(this.bus, all).subscribe((change) => this.take(change));
  }

  async onModuleDestroy(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.work.close();
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return this.work.open();
    const node = this.fold(change);
    if (node !== undefined && change.kind !== 'addressing') this.work.add(node);
  }

  private fold(change: Exclude<Change<Followed>, { type: 'ready' }>): string | undefined {
    switch (change.kind) {
      case 'node':
        return this.nodes.take(change as Change<'node'>);
      case 'availability':
        return this.removed.take(change as Change<'availability'>);
      case 'range':
        return this.ranges.take(change as Change<'range'>);
      case 'addressing':
        return this.addressing.take(change as Change<'addressing'>);
    }
  }

  private async attend(node: string): Promise<void> {
    const known = this.ranges.get(keys.range({ node }));
    const isRemoved = this.removed.in(node)[0] === true;
    if (known && isRemoved) return this.release(node, known.revision);
    if (!known && !isRemoved && this.nodes.in(node)[0]?.docker) await this.allocate(node);
  }

  private async release(node: string, expect: number): Promise<void> {
    const key = keys.range({ node });
    const result = await commit(this.bus, [remove('range', key, { event: 'released', expect })]);
    if (result.ok) this.ranges.remove(key, result.revisions[0] ?? 0);
  }

  private async allocate(node: string): Promise<void> {
    const key = keys.range({ node });
    const before = this.addressing.get(keys.addressing());
    const addressing = before ? this.agreed(before.value) : this.wanted;
    const stretch = freeStretch(addressing, this.taken(), this.used());
    if (!stretch) return this.tellUsedUp(node, addressing);
    const at = new Date().toISOString();
    const range: RangeRecord = { node, cidr: formatCidr(stretch), at };
    const all: AddressingRecord = {
      range: formatCidr(addressing.range),
      nodePrefix: addressing.nodePrefix,
      updatedAt: at,
    };
    const result = await commit(this.bus, [
      put('range', range, { event: 'allocated', expect: (await getForUpdate(this.bus, key)).revision }),
      put('addressing', all, { event: 'changed', expect: before?.revision ?? 0 }),
    ]);
    if (!result.ok) return this.lookAgain(node);
    this.ranges.put(key, range, result.revisions[0] ?? 0);
    this.addressing.put(keys.addressing(), all, result.revisions[1] ?? 0);
    this.log.log(`node ${node} has the addresses ${range.cidr}`);
  }

  /** What nodes have been given holds until none has any: addresses cannot be moved under what uses them. */
  private agreed(record: AddressingRecord): Addressing {
    return this.ranges.size === 0 ? this.wanted : addressingOf(record);
  }

  private taken() {
    return [...this.ranges.groupNames()].flatMap((node) =>
      this.ranges.in(node).flatMap(({ cidr }) => parseCidr(cidr) ?? []),
    );
  }

  private used(): number[] {
    const nodes = [...this.nodes.groupNames()].flatMap((node) => this.nodes.in(node));
    return nodes.flatMap(({ address }) => parseAddress(address) ?? []);
  }

  /** Somebody else has given one out meanwhile. */
  private async lookAgain(node: string): Promise<void> {
    for (const { key, record, revision } of await list(this.bus, [filters.all('range')])) {
      this.ranges.put(key, record, revision);
    }
    const { record, revision } = await getForUpdate(this.bus, keys.addressing());
    if (record) this.addressing.put(keys.addressing(), record, revision);
    this.work.add(node);
  }

  private tellUsedUp(node: string, { range }: Addressing): void {
    if (this.usedUp) return;
    this.usedUp = true;
    this.log.warn(
      `the network range ${formatCidr(range)} is used up: ${node} gets none, and its containers reach those of other nodes by published ports only; remove nodes, or begin with a larger TUTTI_NETWORK_RANGE`,
    );
  }
}
