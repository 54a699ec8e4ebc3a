import { Inject, Injectable } from '@nestjs/common';
import {
  BUS,
  commit,
  filters,
  get,
  getForUpdate,
  keys,
  list,
  put,
  remove,
  type Connection,
  type Write,
} from '@tutti/bus';
import { TuttiError, type AppRef, type RevisionRecord } from '@tutti/model';
import type { Decision, Known } from '../core/command.js';

/** An outcome is kept for a week: as long as anyone may repeat its command. */
export const OUTCOME_TTL_MS = 7 * 24 * 60 * 60_000;

/** What is known, and the revision of the application's key that a change of it has to build on. */
export interface Look {
  known: Known;
  appRevision: number;
}

/** Policy's records on the bus: read for a decision, and written as one. */
@Injectable()
export class Archive {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /**
   * Reads all that a decision about a command rests on.
   * @throws TuttiError `unavailable`, upon which the command is delivered again
   */
  async look({ namespace, app, command }: AppRef & { command: string }): Promise<Look> {
    const ref = { namespace, app };
    const [standing, revisions, outcome, rollout] = await Promise.all([
      getForUpdate(this.bus, keys.app(ref)),
      this.revisionsOf(ref),
      get(this.bus, keys.outcome({ namespace, command })),
      get(this.bus, keys.rollout(ref)),
    ]);
    const current = standing.record?.revision;
    // A list may come from a replica of STATE that is a moment behind; an application and its revision are written at once.
    if (current !== undefined && !revisions.some(({ revision }) => revision === current)) {
      throw new TuttiError('unavailable', `revision ${current} of ${namespace}/${app} cannot be read yet`);
    }
    const known: Known = {
      revisions,
      ...(standing.record && { app: standing.record }),
      ...(outcome && { outcome: outcome.record }),
      ...(rollout && { rollout: rollout.record }),
    };
    return { known, appRevision: standing.revision };
  }

  /** Whether a command has its answer already. */
  async isAnswered(command: { namespace: string; command: string }): Promise<boolean> {
    return (await get(this.bus, keys.outcome(command))) !== undefined;
  }

  /**
   * Writes all of a decision or nothing of it.
   * @param appRevision as {@link look} saw it
   * @returns false where the application or the outcome has moved on since
   */
  async keep(decision: Decision, appRevision: number): Promise<boolean> {
    const { outcome, app, revision, trimmed, contents, dropped } = decision;
    const cause = outcome.command;
    const ref = app && { namespace: app.record.namespace, app: app.record.app };
    const trimming = { event: 'trimmed', cause } as const;
    const making = { event: 'created', cause } as const;
    // What goes comes first: whoever sees the new revision takes nothing for kept that is not.
    const writes: Write[] = [
      ...(ref
        ? trimmed.map((number) => remove('revision', keys.revision({ ...ref, revision: number }), trimming))
        : []),
      ...(ref ? dropped.map(({ kind, ...one }) => remove(kind, keys[kind]({ ...ref, ...one }), trimming)) : []),
      ...(ref ? contents.map(({ kind, ...one }) => put(kind, { ...ref, ...one }, making)) : []),
      ...(revision ? [put('revision', revision, making)] : []),
      ...(app ? [put('app', app.record, { event: app.event, expect: appRevision, cause })] : []),
      // An answer is given once: it must not be there yet.
      put('outcome', outcome, { event: outcome.status, expect: 0, cause, ttlMs: OUTCOME_TTL_MS }),
    ];
    return (await commit(this.bus, writes)).ok;
  }

  private async revisionsOf(ref: AppRef): Promise<RevisionRecord[]> {
    return (await list(this.bus, [filters.ofApp('revision', ref)])).map(({ record }) => record);
  }
}
