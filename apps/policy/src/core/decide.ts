import type { Content, Fault, OutcomeRecord, RevisionRecord, Time } from '@tutti/model';
import type { Command, CommandHead, Decision, Known, Verdict } from './command.js';
import { keptContents } from './contents.js';
import { superfluous } from './trim.js';
import { abort } from './verbs/abort.js';
import { deploy } from './verbs/deploy.js';
import { promote } from './verbs/promote.js';
import { remove } from './verbs/remove.js';
import { restart } from './verbs/restart.js';
import { rollback } from './verbs/rollback.js';
import { scale } from './verbs/scale.js';

/**
 * Decides a command. The same command on the same state gives the same decision, and a command that has its outcome
 * already gives none: so a command may be sent, delivered and decided any number of times.
 */
export function decide(command: Command, known: Known, now: Time): Decision | undefined {
  if (known.outcome) return undefined;
  const verdict = verdictOn(command, known, now);
  if (verdict.reasons) return refuse(command, verdict.reasons, now);
  const { app, event = 'changed', revision, contents = [] } = verdict;
  const standing = app ?? known.app;
  return {
    outcome: {
      ...answer(command, now),
      status: 'accepted',
      ignored: command.verb === 'deploy' ? command.request.ignored : [],
      ...(command.verb === 'deploy' && { findings: command.request.findings }),
      changed: app !== undefined,
      ...(standing && { revision: standing.revision, generation: standing.generation }),
    },
    ...(app && { app: { record: app, event } }),
    ...(revision && { revision }),
    ...(revision ? kept(known, revision, contents) : { trimmed: [], contents: [], dropped: [] }),
  };
}

function kept(known: Known, revision: RevisionRecord, contents: readonly Content[]) {
  const trimmed = superfluous(known, revision.revision);
  return { trimmed, ...keptContents(known.revisions, { revision, contents, trimmed }) };
}

/** The answer to a command that cannot be carried out, with every reason. */
export function refuse(head: CommandHead, reasons: Fault[], now: Time): Decision {
  return {
    outcome: { ...answer(head, now), status: 'rejected', reasons, changed: false },
    trimmed: [],
    contents: [],
    dropped: [],
  };
}

function answer({ namespace, command, verb, app }: CommandHead, at: Time): Omit<OutcomeRecord, 'status' | 'changed'> {
  return { namespace, command, verb, ...(app !== undefined && { app }), reasons: [], ignored: [], at };
}

function verdictOn(command: Command, known: Known, now: Time): Verdict {
  switch (command.verb) {
    case 'deploy':
      return deploy(command, known, now);
    case 'scale':
      return scale(command, known, now);
    case 'rollback':
      return rollback(command, known, now);
    case 'restart':
      return restart(command, known, now);
    case 'promote':
      return promote(command, known, now);
    case 'abort':
      return abort(command, known, now);
    case 'remove':
      return remove(command, known, now);
  }
}
