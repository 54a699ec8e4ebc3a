import { isTerminal } from '@tutti/model';
import { awaitsHooks } from './hooks.js';
import { isFencedOff, type Life } from './life.js';

/** The next thing to do for a task. Never a stored plan: worked out anew from what is known after each step. */
export type Step =
  | { do: 'load' }
  | { do: 'pull' }
  | { do: 'create' }
  | { do: 'start' }
  /** Run what is to be run after the start, or end the run where that failed. */
  | { do: 'hook' }
  | { do: 'look' }
  | { do: 'collect' }
  /** Find out when it takes connections. */
  | { do: 'knock' }
  | { do: 'stop' }
  /** Stop it until the node is back. */
  | { do: 'fence' }
  | { do: 'remove' }
  | { do: 'conclude' }
  | { do: 'forget' }
  | { do: 'wait'; untilMs: number }
  | { do: 'rest' };

export type Action = Exclude<Step['do'], 'wait' | 'rest'>;

const REST: Step = { do: 'rest' };

/** What moves a task towards what is wanted of it. @param nowMs by the clock that `learn` was told */
export function nextStep(life: Life, nowMs: number): Step {
  if (life.retryAt !== undefined && life.retryAt > nowMs) return { do: 'wait', untilMs: life.retryAt };
  if (life.desired?.target === 'prepare') return prepare(life);
  if (life.desired?.target === 'run' || life.desired?.target === 'drain') return keep(life, nowMs);
  if (life.container) return end(life, nowMs);
  if (!life.desired) return { do: 'forget' };
  return isTerminal(life.state) ? REST : { do: 'conclude' };
}

/** Has its image brought, no more. */
function prepare({ state, plan, image }: Life): Step {
  if (isTerminal(state)) return REST;
  if (!plan) return { do: 'load' };
  return { do: image === 'ready' ? 'conclude' : 'pull' };
}

/** Its last words first: stopping it would be taken for its last exit, and what is removed has no log. */
function end({ container, evidence, evidenceBy = 0 }: Life, nowMs: number): Step {
  if (evidence === 'wanted' && container?.phase !== 'dead') return { do: 'collect' };
  if (evidence === 'collecting' && evidenceBy > nowMs) return { do: 'wait', untilMs: evidenceBy };
  const ended = container?.phase === 'created' || container?.phase === 'exited' || container?.phase === 'dead';
  return { do: ended ? 'remove' : 'stop' };
}

function keep(life: Life, nowMs: number): Step {
  const { container, desired } = life;
  if (isTerminal(life.state)) return rest(life);
  if (isFencedOff(life)) return fence(life);
  if (!life.plan) return { do: 'load' };
  if (!container) return desired?.target === 'run' ? make(life, nowMs) : REST;
  switch (container.phase) {
    case 'unknown':
      return { do: 'look' };
    case 'dead':
      return { do: 'remove' };
    case 'created':
    case 'exited':
      return desired?.target === 'run' ? inTime(life, nowMs, { do: 'start' }) : REST;
    case 'starting':
      return { do: 'look' };
    case 'running':
      if (container.startedAt === undefined || container.doubtful) return { do: 'look' };
      if (awaitsHooks(life)) return { do: 'hook' };
      if (life.listening?.state === 'wanted') return { do: 'knock' };
      return life.evidence === 'wanted' ? { do: 'collect' } : REST;
  }
}

/** Needs neither the bus nor the task's spec. */
function fence({ container, evidence }: Life): Step {
  const phase = container?.phase;
  if (phase === 'unknown' || phase === 'starting' || phase === 'running') return { do: 'fence' };
  return phase === 'exited' && evidence === 'wanted' ? { do: 'collect' } : REST;
}

/** What has ended stays as it is, and must not run. */
function rest({ container, evidence }: Life): Step {
  if (!container) return REST;
  if (container.phase === 'unknown') return { do: 'look' };
  if (container.phase === 'running' || container.phase === 'starting') return { do: 'stop' };
  return evidence === 'wanted' ? { do: 'collect' } : REST;
}

function make(life: Life, nowMs: number): Step {
  return inTime(life, nowMs, { do: life.image === 'missing' ? 'pull' : 'create' });
}

/** A restart waits out its back-off, and uses the time for the evidence. */
function inTime({ restartAt, evidence, container, held }: Life, nowMs: number, step: Step): Step {
  const isTooEarly = restartAt !== undefined && restartAt > nowMs;
  if (!held && !isTooEarly) return step;
  if (evidence === 'wanted' && container) return { do: 'collect' };
  return held ? REST : { do: 'wait', untilMs: restartAt ?? nowMs };
}
