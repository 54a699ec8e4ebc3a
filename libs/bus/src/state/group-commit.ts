import { MAX_BATCH } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';
import { commit, type CommitResult, type Write } from './commit.js';

/** Bytes of one batch: far below what the server holds for a batch, far above what a round trip costs. */
const MAX_BYTES = 4 * 1024 ** 2;

interface Group {
  writes: readonly Write[];
  resolve: (result: CommitResult) => void;
  reject: (error: unknown) => void;
}

/**
 * Commits small groups of changes together: those that come within one turn, or while a commit is under way, share the
 * next batch. Each group is still all or nothing, and has its own result: where a shared batch meets a conflict, its
 * groups are committed one by one. A group waits in its submitter's promise, so what waits is bounded by who submits.
 */
export class GroupCommit {
  private waiting: Group[] = [];
  private flushing = false;

  constructor(private readonly bus: Connection) {}

  /** @throws TuttiError as {@link commit} does; the outcome is unknown then, so the caller looks again */
  submit(writes: readonly Write[]): Promise<CommitResult> {
    if (writes.length === 0) return Promise.resolve({ ok: true, revisions: [] });
    return new Promise((resolve, reject) => {
      this.waiting.push({ writes, resolve, reject });
      if (this.flushing) return;
      this.flushing = true;
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) await this.commitAll(this.take());
    this.flushing = false;
  }

  /** As many groups as fit into a batch; at least one, for commit to refuse if it is too large. */
  private take(): Group[] {
    const keys = new Set<string>();
    let count = 0;
    let bytes = 0;
    const end = this.waiting.findIndex(({ writes }, index) => {
      count += writes.length;
      bytes += writes.reduce((sum, { data }) => sum + data.length, 0);
      // A batch holds a key once.
      const clashes = writes.some(({ key }) => keys.has(key));
      writes.forEach(({ key }) => keys.add(key));
      return index > 0 && (clashes || count > MAX_BATCH || bytes > MAX_BYTES);
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  private async commitAll(groups: readonly Group[]): Promise<void> {
    try {
      const result = await commit(
        this.bus,
        groups.flatMap(({ writes }) => writes),
      );
      if (result.ok) share(groups, result.revisions);
      else if (groups.length === 1) groups[0]?.resolve(result);
      else await Promise.all(groups.map((group) => this.commitAll([group])));
    } catch (error) {
      groups.forEach(({ reject }) => reject(error));
    }
  }
}

/** Gives each group the revisions of its own changes. */
function share(groups: readonly Group[], revisions: readonly number[]): void {
  let from = 0;
  for (const { writes, resolve } of groups) {
    resolve({ ok: true, revisions: revisions.slice(from, from + writes.length) });
    from += writes.length;
  }
}
