import type { AppRef, OutcomeRecord, RolloutRecord } from '@tutti/model';
import { TuttiError } from '@tutti/model';
import type { Command as GatewayCommand } from '../client/commands.js';
import { commandAndWait, type WaitEnd } from '../client/waiting.js';
import { Gateway } from '../client/http.js';
import { faultLine } from '../core/plan-lines.js';
import { pendingReasons, progressLines, rolledBackSentence, shiftSentences } from '../core/rollouts.js';
import { untilInterrupted } from '../terminal/interrupts.js';
import { print, say } from '../terminal/output.js';
import { Progress } from '../terminal/progress.js';
import type { WaitingOptions } from './options.js';

/** Exit codes of every verb that changes an application. */
const EXITS: Record<WaitEnd, number> = {
  accepted: 0,
  done: 0,
  waits: 0,
  removed: 0,
  failed: 2,
  paused: 2,
  'rolled-back': 2,
  stuck: 2,
  timeout: 3,
  interrupted: 130,
};

export interface Change {
  ref: AppRef;
  command: GatewayCommand;
  /** What it did, for the closing line: `deployed`. */
  verb: string;
  /** The end that is asked for, where that is not `done`. */
  wanted?: WaitEnd;
}

/** Sends a change, shows how it comes along, says how it ended and sets the exit code. */
export async function change({ ref, command, verb, wanted }: Change, options: WaitingOptions): Promise<void> {
  const progress = new Progress();
  let last: RolloutRecord | undefined;
  let accepted: OutcomeRecord | undefined;
  const end = await commandAndWait(Gateway.from(options), command, {
    ref,
    detach: options.detach ?? false,
    timeoutMs: options.timeout,
    signal: untilInterrupted(),
    onOutcome: (outcome) => {
      requireAccepted(outcome);
      accepted = outcome;
      for (const fault of outcome.ignored) say(`ignored: ${faultLine(fault)}`);
      if (!outcome.changed) say(`${ref.app} is asked for just this already.`);
    },
    onRollout: (rollout) => {
      last = rollout;
      if (rollout.generation >= (accepted?.generation ?? Infinity))
        progress.update(progressLines(rollout, progress.paint));
    },
  });
  process.exitCode = end === wanted ? 0 : EXITS[end];
  conclude(end, { ref, verb, ...(last && { last }), ...(accepted?.revision && { revision: accepted.revision }) });
}

function requireAccepted(outcome: OutcomeRecord): void {
  if (outcome.status === 'accepted') return;
  throw new TuttiError('invalid', `the ${outcome.verb} was ${outcome.status}`, outcome.reasons);
}

interface Conclusion {
  ref: AppRef;
  verb: string;
  last?: RolloutRecord;
  revision?: number;
}

function conclude(end: WaitEnd, { ref, verb, last, revision }: Conclusion): void {
  const { app } = ref;
  const as = revision === undefined ? '' : `, revision ${revision}`;
  if (end === 'removed') print(`${app} removed`);
  else if (end === 'done') print(`${app} ${verb}${as}`);
  else if (end === 'waits' && last) shiftSentences(last).forEach((line) => print(`${app}${as}: ${line}`));
  else if (end === 'accepted') print(`${app} accepted${as}`);
  else if (end === 'rolled-back')
    say(`${app}: ${(last && rolledBackSentence(last)) ?? 'rolled back'}. \`tutti incidents ${app}\` says more.`);
  else if (end === 'failed' || end === 'paused')
    say(`${app}: ${last?.message || 'the rollout failed'}. \`tutti incidents ${app}\` says why.`);
  else if (end === 'stuck') {
    say(`${app} is not all placed:`, ...(last ? pendingReasons(last).map((line) => `  ${line}`) : []));
  } else if (end === 'timeout')
    say(`${app} is not there yet; it goes on without us: \`tutti ps ${app}\` shows how far it is.`);
  else say(`Stopped waiting; the change of ${app} goes on: \`tutti ps ${app}\` shows how far it is.`);
}
