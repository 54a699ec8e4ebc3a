import { isTerminal, type ExitEvidence } from '@tutti/model';
import type { Now } from './facts.js';
import { isFencedOff, type Life, type TaskPlan } from './life.js';
import { decideRestart } from './restart-policy.js';

/** Whether an engine's event of a death may speak of a run whose end is known already. */
export function isStale({ container, lastExit }: Life, diedAt: string): boolean {
  if (lastExit && diedAt <= lastExit.at) return true;
  if (container?.startedAt !== undefined) return diedAt < container.startedAt;
  return container?.exitSeenByLooking === true;
}

/** The container's run is over: what is to be done about that. */
export function endOfRun(before: Life, ended: ExitEvidence, now: Now): Life {
  const { container, desired, plan, hookFailure: reason } = before;
  const exit = reason === undefined ? ended : { ...ended, reason };
  const life: Life = {
    ...before,
    container: container && { ...container, phase: 'exited', exitSeenByLooking: false },
    lastExit: exit,
    finishedAt: exit.at,
    health: 'none',
    probe: undefined,
    oom: false,
    hookFailure: undefined,
  };
  if (isTerminal(before.state) || desired?.target === 'stop' || !desired) return life;
  const wanting: Life = { ...life, since: exit.at, evidence: 'wanted' };
  if (desired.target === 'drain') return { ...wanting, state: 'stopped', action: 'not restarted: it is being drained' };
  if (isFencedOff(life)) return fencedOff(wanting);
  // Without the spec there is no policy to go by: it is started again when that has come.
  if (!plan) return { ...wanting, state: 'starting', restarts: before.restarts + 1, action: 'restarting in place' };
  return settle(wanting, exit, now);
}

/** Its agent has stopped it: that counts for no attempt, and its restart policy does not matter. */
function fencedOff(life: Life): Life {
  return {
    ...life,
    state: 'starting',
    restarts: life.restarts + 1,
    restartAt: undefined,
    action: 'stopped by its agent: the node was cut off (x-tutti.on-partition: stop)',
  };
}

function settle(life: Life, exit: ExitEvidence, now: Now): Life {
  const { plan, container } = life;
  if (!plan) return life;
  const at = Date.parse(exit.at);
  const startedAt = container?.startedAt ?? life.startedAt;
  const ranMs = startedAt === undefined ? undefined : Math.max(0, at - Date.parse(startedAt));
  const decision = decideRestart(plan.service, { code: exit.code, at, ranMs }, life.attempts);
  if (decision.restart) {
    return {
      ...life,
      state: 'starting',
      restarts: life.restarts + 1,
      attempts: decision.attempts,
      restartAt: now.ms + decision.delayMs,
      action: restarting(decision.delayMs, decision.attempt),
    };
  }
  const { state, reason, attempts } = decision;
  return { ...life, state, attempts, action: reason, error: state === 'failed' ? causeOf(exit) : undefined };
}

function restarting(delayMs: number, attempt: number): string {
  const when = delayMs > 0 ? ` after ${delayMs / 1000} s` : '';
  return `restarting in place${when}, attempt ${attempt}`;
}

/** `exit code 1`, `killed for want of memory (exit code 137)`. */
export function causeOf({ code, oom, reason }: ExitEvidence): string {
  if (reason !== undefined) return reason;
  if (code === null) return 'its container vanished';
  return oom ? `killed for want of memory (exit code ${code})` : `exit code ${code}`;
}

/** There is no container any more: if it ran, that was the end of its run. */
export function vanished(life: Life, now: Now): Life {
  const phase = life.container?.phase;
  if (phase === undefined) return life;
  const ran = phase === 'running' || phase === 'starting' || life.state === 'running';
  const after = ran ? endOfRun(life, { code: null, oom: life.oom, at: now.iso }, now) : life;
  return { ...withoutContainer(after), evidence: 'none' };
}

export function withoutContainer(life: Life): Life {
  const image = life.plan ? imageToMakeFrom(life.plan) : life.image;
  return { ...life, image, container: undefined, addresses: {}, ports: [], health: 'none', probe: undefined };
}

/** What is known of the image when a container is to be made: the policy `always` asks its registry each time. */
export function imageToMakeFrom({ service }: TaskPlan): Life['image'] {
  return service.pullPolicy === 'always' ? 'missing' : 'assumed';
}
