import type { RecordKind, Records } from '@tutti/model';
import type { Key } from '../catalogue/keys.js';
import type { Connection } from '../connection.js';
import { keyOf } from './codec.js';
import { put, remove, type Write, type WriteOptions } from './commit.js';
import { Drafts } from './drafts.js';
import { GroupCommit } from './group-commit.js';
import { getForUpdate } from './read.js';
import { RecordTable } from './record-table.js';
import type { Change } from './watch.js';

type Options<K extends RecordKind> = Omit<WriteOptions<K>, 'expect'>;

/** Whether this instance of a service is the one that writes. */
export interface Standing {
  readonly leads: boolean;
}

/**
 * The records of one kind that a service owns: what stands there, by key and by group, and writes that expect just that.
 * A write that meets another version, or gets no answer, changes nothing here but what is known; the caller looks again.
 *
 * Of several instances of a service one leads and writes. The others decide just as it does, and what they would write
 * they keep as drafts, each until the leader's version of its record comes in. Who takes over writes its drafts first
 * ({@link settle}): so nothing is lost that happened while nobody led, and nothing is written twice.
 */
export class OwnRecords<K extends RecordKind> {
  private readonly table: RecordTable<K>;
  private readonly commits: GroupCommit;
  private readonly drafts = new Drafts<K>();
  /** Revisions of keys that turned out to have been removed; each until it is written again. */
  private readonly removed = new Map<Key<K>, number>();
  /** Our last writes to keys that we keep no longer, until the watch has told of them as well. */
  private readonly echoes = new Map<Key<K>, number>();
  /** The latest revision that the watch has told of. */
  private watched = 0;

  /** @param group must not change over a record's life */
  constructor(
    private readonly bus: Connection,
    private readonly kind: K,
    private readonly options: { group: (record: Records[K]) => string; standing: Standing },
  ) {
    this.table = new RecordTable<K>({ group: options.group, keep: (record) => record });
    this.commits = new GroupCommit(bus);
  }

  /** Takes in what a watch finds, one's own writes included. @returns the group that it touches, if it says anything new */
  take(change: Change<K>): string | undefined {
    if (change.type === 'ready') return undefined;
    const { key, revision } = change as { key: Key<K>; revision: number };
    this.watched = Math.max(this.watched, revision);
    const echo = this.echoes.get(key);
    if (echo !== undefined) {
      if (echo <= revision) this.echoes.delete(key);
      if (echo >= revision) return undefined;
    }
    const group = this.table.take(change);
    if (group !== undefined) this.drafts.written(key, this.table.get(key)?.value);
    return group;
  }

  get(key: Key<K>): Records[K] | undefined {
    return this.drafts.has(key) ? this.drafts.record(key) : this.table.get(key)?.value;
  }

  in(group: string): Records[K][] {
    const drafts = this.drafts.in(group);
    if (drafts.length === 0) return this.table.in(group);
    const written = this.table.in(group).filter((record) => !this.isDraft(keyOf(this.kind, record)));
    return [...written, ...drafts.flatMap((key) => this.drafts.record(key) ?? [])];
  }

  groupNames(): IterableIterator<string> {
    return this.table.groupNames();
  }

  /** Groups of what was decided here while another led, or nobody. */
  draftGroups(): string[] {
    return this.drafts.groupNames();
  }

  isDraft(key: Key<K>): boolean {
    return this.drafts.has(key);
  }

  /** Keeps a record no longer in memory; it stays on the bus. */
  drop(key: Key<K>): void {
    const row = this.table.get(key);
    if (row) this.forget(key, row.revision);
    this.drafts.delete(key);
  }

  /** Reads a record that the watch has not told of. @throws TuttiError when the bus does not answer */
  async look(key: Key<K>): Promise<void> {
    await this.refresh(key);
  }

  /**
   * Writes the drafts of a group, if this instance leads.
   * @returns false when a record was another than expected: it is known now, look again
   * @throws TuttiError `unavailable` when the outcome is unknown; trying again is safe
   */
  async settle(group: string): Promise<boolean> {
    if (!this.options.standing.leads) return true;
    const written = await Promise.all(this.drafts.in(group).map((key) => this.settleOne(key)));
    return written.every(Boolean);
  }

  /**
   * Writes a record over the version that is known here, or keeps it as a draft where another leads.
   * @returns and throws as {@link settle} does
   */
  async put(record: Records[K], options: Options<K>): Promise<boolean> {
    const key = keyOf(this.kind, record);
    const write = (expect: number): Write => put(this.kind, record, { ...options, expect } as WriteOptions<K>);
    if (this.options.standing.leads) return this.commit(key, write(this.expected(key)), record);
    this.drafts.add(key, { group: this.options.group(record), step: { record, write }, now: Date.now() });
    return true;
  }

  /** Removes a record; as {@link put}. Nothing is done about a key that is not known. */
  async remove(key: Key<K>, options: Options<K>): Promise<boolean> {
    const row = this.table.get(key);
    if (!row) {
      this.drafts.delete(key);
      return true;
    }
    const write = (expect: number): Write => remove(this.kind, key, { ...options, expect } as WriteOptions<K>);
    if (this.options.standing.leads) return this.commit(key, write(row.revision), undefined);
    this.drafts.add(key, { group: this.options.group(row.value), step: { write }, now: Date.now() });
    return true;
  }

  private async settleOne(key: Key<K>): Promise<boolean> {
    for (const { record, write } of this.drafts.steps(key)) {
      if (!(await this.commit(key, write(this.expected(key)), record))) {
        this.drafts.written(key, this.table.get(key)?.value);
        return false;
      }
    }
    this.drafts.delete(key);
    return true;
  }

  private expected(key: Key<K>): number {
    return this.table.get(key)?.revision ?? this.removed.get(key) ?? 0;
  }

  private async commit(key: Key<K>, write: Write, record: Records[K] | undefined): Promise<boolean> {
    const result = await this.commits.submit([write]);
    if (!result.ok) return this.refresh(key);
    const revision = result.revisions[0] ?? 0;
    if (record) this.table.put(key, record, revision);
    else this.forget(key, revision);
    this.removed.delete(key);
    return true;
  }

  private forget(key: Key<K>, revision: number): void {
    this.table.remove(key, Infinity);
    if (revision > this.watched) this.echoes.set(key, revision);
  }

  private async refresh(key: Key<K>): Promise<false> {
    const { record, revision } = await getForUpdate(this.bus, key);
    if (record) {
      this.table.put(key, record, revision);
    } else {
      this.table.remove(key, Infinity);
      if (revision > 0) this.removed.set(key, revision);
    }
    return false;
  }
}
