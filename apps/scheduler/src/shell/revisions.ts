import { keys, type Key } from '@tutti/bus';
import type { AppRecord, AppRef, RevisionRecord } from '@tutti/model';
import { appKey } from './store.js';

type Read = (key: Key<'revision'>) => Promise<{ record: RevisionRecord } | undefined>;

/** The revisions that applications are planned by. They never change within an application's life, so these are kept. */
export class Revisions {
  private readonly known = new Map<string, readonly RevisionRecord[]>();

  constructor(private readonly read: Read) {}

  /** Reads what is not at hand, and keeps just what was asked for. */
  async of(app: AppRecord, numbers: readonly (number | undefined)[]): Promise<(RevisionRecord | undefined)[]> {
    const known = (this.known.get(appKey(app)) ?? []).filter(({ createdAt }) => createdAt >= app.createdAt);
    const found = await Promise.all(
      numbers.map(async (number) => {
        if (number === undefined) return undefined;
        const kept = known.find(({ revision }) => revision === number);
        return kept ?? (await this.read(keys.revision({ ...app, revision: number })))?.record;
      }),
    );
    this.known.set(
      appKey(app),
      found.flatMap((record) => record ?? []),
    );
    return found;
  }

  forget(app: AppRef): void {
    this.known.delete(appKey(app));
  }
}
