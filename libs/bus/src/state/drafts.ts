import { isDeepStrictEqual } from 'node:util';
import type { RecordKind, Records } from '@tutti/model';
import type { Key } from '../catalogue/keys.js';
import type { Write } from './commit.js';

/** What a follower would have written of a key. */
interface Draft<K extends RecordKind> {
  group: string;
  steps: readonly DraftStep<K>[];
}

/** One version of a record that was not written. */
export interface DraftStep<K extends RecordKind> {
  /** Absent: a removal. */
  record?: Records[K];
  /** The write, given the revision that its key has by then. */
  write(expect: number): Write;
}

/**
 * A leader that lives has seen what its followers have, and decided: what it has not written after this time it does not
 * want written. Far longer than an office stays vacant, and the bound on what is kept, in milliseconds.
 */
export const DRAFT_MS = 60_000;

/** So many versions of a record are kept: the first, and the last ones. */
const STEPS = 6;

/** What a follower has decided and the leader not yet written, by key and by group; the oldest first. */
export class Drafts<K extends RecordKind> {
  private readonly byKey = new Map<Key<K>, Draft<K> & { at: number }>();
  private readonly byGroup = new Map<string, Set<Key<K>>>();

  has(key: Key<K>): boolean {
    return this.byKey.has(key);
  }

  /** What is to be written of a key: the first version that was decided and the last, for the history to begin well. */
  steps(key: Key<K>): readonly DraftStep<K>[] {
    const steps = this.byKey.get(key)?.steps ?? [];
    return steps.length > 2 ? [...steps.slice(0, 1), ...steps.slice(-1)] : steps;
  }

  /** The version that stands for the key now; undefined where there is none, or it is a removal. */
  record(key: Key<K>): Records[K] | undefined {
    return this.byKey.get(key)?.steps.at(-1)?.record;
  }

  add(key: Key<K>, { group, step, now }: { group: string; step: DraftStep<K>; now: number }): void {
    const steps = [...(this.byKey.get(key)?.steps ?? []), step];
    if (steps.length > STEPS) steps.splice(1, 1);
    this.delete(key);
    for (const [old, { at }] of this.byKey) {
      if (now - at < DRAFT_MS) break;
      this.delete(old);
    }
    this.byKey.set(key, { group, steps, at: now });
    this.byGroup.set(group, (this.byGroup.get(group) ?? new Set()).add(key));
  }

  /**
   * Forgets what the leader has written. It may have been slower than we: what we decided after the version that it wrote
   * still stands. A version that we did not decide ends the draft.
   * @param record absent: the leader has removed it
   */
  written(key: Key<K>, record: Records[K] | undefined): void {
    const draft = this.byKey.get(key);
    if (!draft) return;
    const same = draft.steps.findLastIndex((step) => isDeepStrictEqual(asSent(step.record), record));
    const left = same < 0 ? [] : draft.steps.slice(same + 1);
    if (left.length === 0) this.delete(key);
    else this.byKey.set(key, { ...draft, steps: left });
  }

  delete(key: Key<K>): void {
    const draft = this.byKey.get(key);
    if (!draft) return;
    this.byKey.delete(key);
    const members = this.byGroup.get(draft.group);
    members?.delete(key);
    if (members?.size === 0) this.byGroup.delete(draft.group);
  }

  in(group: string): Key<K>[] {
    return [...(this.byGroup.get(group) ?? [])];
  }

  groupNames(): string[] {
    return [...this.byGroup.keys()];
  }
}

/** As a reader gets it: without the members that are undefined. */
const asSent = (record: unknown): unknown => (record === undefined ? undefined : JSON.parse(JSON.stringify(record)));
