/**
 * Where a node stands with its cluster. `cut`: it has been silent for a lease's length, so that its tasks may be given
 * to others. `asking`: it is heard again, or has just come up, and does not know yet what is wanted of it now.
 * `clearing`: it knows, and stops what was given up. `home`: all is as it should be.
 */
export type Phase = 'cut' | 'asking' | 'clearing' | 'home';

/** Times in milliseconds by a clock that nobody sets. */
export interface Standing {
  phase: Phase;
  /** When the last renewal was sent that the bus has confirmed. */
  confirmedAt: number;
  /** Whether tasks that must not run on a node that is cut off must not run. */
  fenced: boolean;
}

/** Something that bears on the standing. `answered`: what is wanted now is known; `judged`: the verdict has changed. */
export type StandingFact =
  | { type: 'checked' }
  | { type: 'confirmed'; sentAt: number }
  | { type: 'answered'; isDown: boolean }
  | { type: 'judged'; isDown: boolean }
  | { type: 'cleared' };

/** An agent that comes up has the benefit of the doubt for as long as a lease lasts. */
export function beginStanding(now: number): Standing {
  return { phase: 'asking', confirmedAt: now, fenced: false };
}

/** The standing after a fact. Whatever the fact, how long the node was silent counts first. */
export function stand(
  standing: Standing,
  fact: StandingFact,
  { now, ttlMs }: { now: number; ttlMs: number },
): Standing {
  const next = take(standing, fact);
  if (now - next.confirmedAt < ttlMs) return next;
  return next.phase === 'cut' ? next : { ...next, phase: 'cut', fenced: true };
}

function take(standing: Standing, fact: StandingFact): Standing {
  const { phase, confirmedAt, fenced } = standing;
  switch (fact.type) {
    case 'checked':
      return standing;
    case 'confirmed':
      return { phase: phase === 'cut' ? 'asking' : phase, confirmedAt: Math.max(confirmedAt, fact.sentAt), fenced };
    case 'answered':
      return phase === 'asking' ? { phase: 'clearing', confirmedAt, fenced: fact.isDown } : standing;
    case 'judged':
      // While it counts as down its tasks may be given away at any moment. That alone cuts nothing off: it may be mended
      // by the next renewal, and the scheduler waits for much longer than that.
      return fenced && !fact.isDown && (phase === 'clearing' || phase === 'home')
        ? { ...standing, fenced: false }
        : standing;
    case 'cleared':
      return phase === 'clearing' ? { ...standing, phase: 'home' } : standing;
  }
}

/** Whether nothing may be started: what is wanted is not known yet, or what was given up has not stopped yet. */
export const holdsStarts = ({ phase }: Standing): boolean => phase === 'asking' || phase === 'clearing';
