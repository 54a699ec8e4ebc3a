import type { Time } from '@tutti/model';
import { changed, standing } from '../change.js';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';

/** Gives the revision up that is being brought in: the last one that was completely rolled out comes back. */
export function abort(command: CommandOf<'abort'>, known: Known, now: Time): Verdict {
  const found = standing(command, known);
  if ('reasons' in found) return found;
  const { app } = found;
  if (app.aborted === app.revision) return {};
  const { rollout } = known;
  const isUnderWay =
    rollout?.revision !== app.revision || (rollout.doneAt === undefined && rollout.target === undefined);
  if (!isUnderWay) {
    return because(
      `nothing of ${app.app} is being rolled out: use tutti rollback to go back to an earlier revision`,
      'app',
    );
  }
  if (rollout?.stable === undefined) {
    return because(`${app.app} has no revision that was completely rolled out: there is nothing to go back to`, 'app');
  }
  return { app: changed(app, { aborted: app.revision }, { command: command.command, now }) };
}
