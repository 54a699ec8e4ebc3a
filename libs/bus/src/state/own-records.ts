import type { RecordKind, Records } from '@tutti/model';
import type { Key } from '../catalogue/keys.js';
import type { Connection } from '../connection.js';
import { keyOf } from './codec.js';
import { put, remove, type WriteOptions } from './commit.js';
import { GroupCommit } from './group-commit.js';
import { getForUpdate } from './read.js';
import { RecordTable } from './record-table.js';
import type { Change } from './watch.js';

type Options<K extends RecordKind> = Omit<WriteOptions<K>, 'expect'>;

/**
 * The records of one kind that a service owns: what it wrote last, by key and by group, and writes that expect just that.
 * A write that meets another version, or gets no answer, changes nothing here but what is known; the caller looks again.
 */
export class OwnRecords<K extends RecordKind> {
  private readonly table: RecordTable<K>;
  private readonly commits: GroupCommit;
  /** Revisions of keys that turned out to have been removed; each until it is written again. */
  private readonly removed = new Map<Key<K>, number>();

  constructor(
    private readonly bus: Connection,
    private readonly kind: K,
    group: (record: Records[K]) => string,
  ) {
    this.table = new RecordTable<K>({ group, keep: (record) => record });
    this.commits = new GroupCommit(bus);
  }

  /** Takes in what a watch finds. @returns the group that it touches */
  take(change: Change<K>): string | undefined {
    return this.table.take(change);
  }

  get(key: Key<K>): Records[K] | undefined {
    return this.table.get(key)?.value;
  }

  in(group: string): Records[K][] {
    return this.table.in(group);
  }

  groupNames(): IterableIterator<string> {
    return this.table.groupNames();
  }

  /** Keeps a record no longer in memory; it stays on the bus. */
  drop(key: Key<K>): void {
    this.table.remove(key, Infinity);
  }

  /**
   * Writes a record over the version that is known here.
   * @returns false when there was another version: it is known now, look again
   * @throws TuttiError `unavailable` when the outcome is unknown; trying again is safe
   */
  async put(record: Records[K], options: Options<K>): Promise<boolean> {
    const key = keyOf(this.kind, record);
    const expect = this.table.get(key)?.revision ?? this.removed.get(key) ?? 0;
    const result = await this.commits.submit([put(this.kind, record, { ...options, expect } as WriteOptions<K>)]);
    if (!result.ok) return this.refresh(key);
    this.table.put(key, record, result.revisions[0] ?? 0);
    this.removed.delete(key);
    return true;
  }

  /** Removes a record; as {@link put}. Nothing is done about a key that is not known. */
  async remove(key: Key<K>, options: Options<K>): Promise<boolean> {
    const row = this.table.get(key);
    if (!row) return true;
    const expected = { ...options, expect: row.revision } as WriteOptions<K>;
    const result = await this.commits.submit([remove(this.kind, key, expected)]);
    if (!result.ok) return this.refresh(key);
    this.table.remove(key, result.revisions[0] ?? Infinity);
    return true;
  }

  private async refresh(key: Key<K>): Promise<false> {
    const { record, revision } = await getForUpdate(this.bus, key);
    if (record) {
      this.table.put(key, record, revision);
    } else {
      this.table.remove(key, Infinity);
      this.removed.set(key, revision);
    }
    return false;
  }
}
