import { commit, keys, remove, type Connection, type Write } from '@tutti/bus';
import type { Store } from './store.js';

/** Tasks of a removed node are given up by the applications that they belong to; that takes a moment. */
const AGAIN_MS = 1000;

/** Clears away what the scheduler has written of nodes that were removed for good. */
export class RemovedNodes {
  /** Those whose ledger was looked at again for the sake of their last tasks. */
  private readonly awaited = new Set<string>();

  constructor(
    private readonly bus: Connection,
    private readonly store: Store,
  ) {}

  /** @returns when to look again, epoch ms; undefined: when something happens */
  async tidy(): Promise<number | undefined> {
    let again: number | undefined;
    for (const node of this.store.nodeNames()) {
      if (this.store.availability(node) !== 'removed') this.awaited.delete(node);
      else if (!(await this.clear(node)) && !this.awaited.has(node)) {
        this.awaited.add(node);
        again = Date.now() + AGAIN_MS;
      }
    }
    return again;
  }

  /** @returns whether nothing of it is left; a ledger stays as long as tasks count on it */
  private async clear(node: string): Promise<boolean> {
    const [liveness, ledger] = [this.store.liveness(node), this.store.get(keys.ledger({ node }))];
    const isEmpty = ledger?.record.tasks === 0;
    const gone = [
      ...(liveness ? [{ key: keys.liveness({ node }), kind: 'liveness' as const, revision: liveness.revision }] : []),
      ...(ledger && isEmpty
        ? [{ key: keys.ledger({ node }), kind: 'ledger' as const, revision: ledger.revision }]
        : []),
    ];
    if (gone.length > 0) {
      const writes = gone.map(({ key, kind, revision }): Write => {
        return remove(kind, key as never, { event: 'removed', expect: revision });
      });
      const result = await commit(this.bus, writes);
      if (!result.ok) return false;
      gone.forEach(({ key }, index) => this.store.remove(key, result.revisions[index] ?? 0, true));
    }
    return ledger === undefined || isEmpty;
  }
}
