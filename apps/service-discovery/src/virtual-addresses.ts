import {
  commit,
  filters,
  getForUpdate,
  keys,
  list,
  put,
  RecordTable,
  type Change,
  type Connection,
  type Write,
} from '@tutti/bus';
import { TuttiError, virtualStretch, type Cidr, type RangeRecord, type VirtualRecord } from '@tutti/model';
import { addressingOf } from './core/ranges.js';
import { freeAddresses, isIn, virtualChanges } from './core/virtual.js';
import { appKey } from './picture.js';

export type VirtualKind = 'virtual' | 'addressing' | 'range';

/** Says that every application may be touched. */
export const ALL = '*';

/** An address is given to somebody else only after this time, in milliseconds: longer than anybody keeps what a name led to. */
const KEEP_MS = 60_000;
const TRIES = 5;

/**
 * Gives services an address each for as long as they exist. As with ranges, whoever gives some out writes the addressing
 * record with them, expecting what it has decided on.
 */
export class VirtualAddresses {
  private readonly given = new RecordTable<'virtual'>({ group: appKey, keep: (record) => record });
  private readonly addressing = new RecordTable<'addressing'>({ group: () => 'one', keep: (record) => record });
  private readonly ranges = new RecordTable<'range', RangeRecord['node']>({
    group: () => 'one',
    keep: ({ node }) => node,
  });
  /** One at a time: each has to see what the one before has given out. */
  private giving: Promise<unknown> = Promise.resolve();

  constructor(private readonly bus: Connection) {}

  /** @returns the application that it touches, {@link ALL} where it may be every one */
  take(change: Change<VirtualKind>): string | undefined {
    if (change.type === 'ready') return undefined;
    if (change.kind === 'virtual') return this.given.take(change as Change<'virtual'>);
    const before = this.stretch() === undefined;
    if (change.kind === 'range') this.ranges.take(change as Change<'range'>);
    else this.addressing.take(change as Change<'addressing'>);
    return before === (this.stretch() === undefined) ? undefined : ALL;
  }

  /** Service to address, of an application; none where the cluster has no addresses to give. */
  of(app: string): Map<string, string> {
    const stretch = this.stretch();
    const valid = this.given
      .in(app)
      .filter(({ goneAt, address }) => stretch && goneAt === undefined && isIn(stretch, address));
    return new Map(valid.map(({ service, address }) => [service, address]));
  }

  /** Applications that have been given some. */
  apps(): IterableIterator<string> {
    return this.given.groupNames();
  }

  /**
   * Gives just these services of an application an address.
   * @throws TuttiError `unavailable` where others give out addresses all the time; trying again is safe
   */
  async settle(app: string, wanted: readonly string[]): Promise<void> {
    const changes = virtualChanges(this.given.in(app), wanted, this.stretch());
    if (Object.values(changes).every((list) => list.length === 0)) return;
    const done = this.giving.then(() => this.give(app, wanted));
    this.giving = done.catch(() => undefined);
    await done;
  }

  private async give(app: string, wanted: readonly string[]): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) if (await this.tryToGive(app, wanted)) return;
    throw new TuttiError('unavailable', 'its virtual addresses are not written yet');
  }

  private async tryToGive(app: string, wanted: readonly string[]): Promise<boolean> {
    const stretch = this.stretch();
    const { comers, back, gone } = virtualChanges(this.given.in(app), wanted, stretch);
    const at = new Date().toISOString();
    const fresh = stretch ? freeAddresses(stretch, this.taken(), comers.length) : [];
    const [namespace = '', name = ''] = app.split('/');
    const given = comers
      .slice(0, fresh.length)
      .map((service, index) => ({ namespace, app: name, service, address: fresh[index] ?? '', at }));
    const records = [...given, ...back.map(({ goneAt: _, ...record }) => record)];
    const kept = gone.map((record) => ({ ...record, goneAt: at }));
    return this.write(records, kept);
  }

  private async write(records: VirtualRecord[], kept: VirtualRecord[]): Promise<boolean> {
    const all = [...records, ...kept];
    if (all.length === 0) return true;
    const before = this.addressing.get(keys.addressing());
    const expects = await Promise.all(all.map((record) => this.expected(record)));
    const writes: Write[] = all.map((record, index) => {
      const expect = expects[index] ?? 0;
      return record.goneAt === undefined
        ? put('virtual', record, { event: 'allocated', expect })
        : put('virtual', record, { event: 'kept', expect, ttlMs: KEEP_MS });
    });
    const agreed = before && { ...before.value, updatedAt: new Date().toISOString() };
    if (agreed) writes.push(put('addressing', agreed, { event: 'changed', expect: before.revision }));
    const result = await commit(this.bus, writes);
    if (!result.ok) return this.lookAgain();
    all.forEach((record, index) => this.given.put(keys.virtual(record), record, result.revisions[index] ?? 0));
    if (agreed) this.addressing.put(keys.addressing(), agreed, result.revisions[all.length] ?? 0);
    return true;
  }

  /** What is known by the watch may be old, or a record that is gone. */
  private async expected(record: VirtualRecord): Promise<number> {
    const key = keys.virtual(record);
    return this.given.get(key)?.revision ?? (await getForUpdate(this.bus, key)).revision;
  }

  /** Somebody else has given some out meanwhile. */
  private async lookAgain(): Promise<false> {
    for (const { key, record, revision } of await list(this.bus, [filters.all('virtual')])) {
      this.given.put(key, record, revision);
    }
    const { record, revision } = await getForUpdate(this.bus, keys.addressing());
    if (record) this.addressing.put(keys.addressing(), record, revision);
    return false;
  }

  private taken(): Set<string> {
    return new Set([...this.given.groupNames()].flatMap((app) => this.given.in(app).map(({ address }) => address)));
  }

  private stretch(): Cidr | undefined {
    const agreed = this.addressing.get(keys.addressing())?.value;
    return agreed && this.ranges.size > 0 ? virtualStretch(addressingOf(agreed)) : undefined;
  }
}
