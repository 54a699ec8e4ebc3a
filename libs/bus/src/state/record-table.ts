import type { RecordKind, Records } from '@tutti/model';
import type { Key } from '../catalogue/keys.js';
import type { Change } from './watch.js';

/** A row of a {@link RecordTable}. */
export interface Row<V> {
  value: V;
  /** The revision to expect when the record is changed. */
  revision: number;
}

export interface RecordTableOptions<K extends RecordKind, V> {
  /** The group that a record belongs to, such as its service; must not change over a record's life. */
  group: (record: Records[K]) => string;
  /** What is kept of a record: the fields that are needed, since there may be a million. */
  keep: (record: Records[K]) => V;
}

/**
 * Folds a watch of one kind into rows by key and by group, so that one event costs what its group costs. Of two
 * versions of a key the one with the higher revision stays, in whatever order they come.
 */
export class RecordTable<K extends RecordKind, V = Records[K]> {
  private readonly rows = new Map<Key<K>, Row<V> & { group: string }>();
  private readonly groups = new Map<string, Set<Key<K>>>();

  constructor(private readonly options: RecordTableOptions<K, V>) {}

  /** Takes in a change. @returns the group that it touches; undefined when it says nothing new */
  take(change: Change<K>): string | undefined {
    if (change.type === 'ready') return undefined;
    const { key, revision } = change as { key: Key<K>; revision: number };
    if (change.type === 'removed') return this.remove(key, revision);
    return this.put(key, (change as { record: Records[K] }).record, revision);
  }

  /** Takes in a version of a record, such as one's own write. */
  put(key: Key<K>, record: Records[K], revision: number): string | undefined {
    const known = this.rows.get(key);
    if (known && known.revision >= revision) return undefined;
    const group = known?.group ?? this.options.group(record);
    this.rows.set(key, { value: this.options.keep(record), revision, group });
    const members = this.groups.get(group) ?? new Set();
    this.groups.set(group, members.add(key));
    return group;
  }

  /** Takes in a removal. */
  remove(key: Key<K>, revision: number): string | undefined {
    const known = this.rows.get(key);
    if (!known || known.revision > revision) return undefined;
    this.rows.delete(key);
    const members = this.groups.get(known.group);
    members?.delete(key);
    if (members?.size === 0) this.groups.delete(known.group);
    return known.group;
  }

  get(key: Key<K>): Row<V> | undefined {
    return this.rows.get(key);
  }

  /** The rows of a group. */
  in(group: string): V[] {
    return [...(this.groups.get(group) ?? [])].flatMap((key) => this.rows.get(key)?.value ?? []);
  }

  /** How many rows a group has. */
  count(group: string): number {
    return this.groups.get(group)?.size ?? 0;
  }

  groupNames(): IterableIterator<string> {
    return this.groups.keys();
  }

  get size(): number {
    return this.rows.size;
  }
}
