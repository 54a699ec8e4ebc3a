import { isTerminal, type TaskState } from '@tutti/model';
import { addressesByKey, ingressPorts } from './container-config.js';
import { EVIDENCE_MS } from './evidence.js';
import { endOfRun, imageToMakeFrom, isStale, vanished, withoutContainer } from './exits.js';
import type { Fact, FactOf, Now, Seen } from './facts.js';
import { awaitsHooks } from './hooks.js';
import type { ContainerView, Life } from './life.js';
import { listeningOf } from './listening.js';
import { refuse } from './refusals.js';

type Learners = { [T in Fact['type']]: (life: Life, fact: FactOf<T>, now: Now) => Life };

/** What the agent knows of a task after a fact. The only place where that changes. */
export function learn(life: Life, fact: Fact, now: Now): Life {
  return (LEARNERS[fact.type] as (life: Life, fact: Fact, now: Now) => Life)(life, fact, now);
}

const LEARNERS: Learners = {
  wanted: (life, { task }) => ({ ...life, desired: task, retryAt: undefined }),
  unwanted: (life) => ({ ...life, desired: undefined, retryAt: undefined }),
  found: (life, { id, isFenced }) => ({
    ...life,
    container: { id, phase: 'unknown' },
    labelledFenced: isFenced ?? life.labelledFenced,
  }),
  // A call that failed is no reason to wait with a stop.
  standing: (life, { holdsStarts, isCutOff }) => ({
    ...life,
    held: holdsStarts,
    cutOff: isCutOff,
    retryAt: undefined,
  }),
  loaded: (life, { plan }) => ({
    ...calm(life),
    plan,
    imageName: plan.service.image,
    image: imageToMakeFrom(plan),
  }),
  preparing: (life, { message }, now) => ({ ...advance(life, 'preparing', now), message }),
  pulled: (life, { digest }) => ({ ...calm(life), image: 'ready', digest }),
  created: (life, { id, digest }, now) => ({
    ...advance(calm(life), 'starting', now),
    digest,
    container: { id, phase: 'created' },
    message: undefined,
  }),
  starting: (life) =>
    withContainer(
      { ...life, oom: false, hookFailure: undefined },
      { phase: 'starting', startedAt: undefined, hooked: undefined },
    ),
  // A container that died while the answer was under way stays dead.
  started: (life) => (life.container?.phase === 'starting' ? withContainer(calm(life), { phase: 'running' }) : life),
  // A look tells how it is now that they have run.
  hooked: (life) => withContainer(calm(life), { hooked: true, doubtful: true }),
  'hook-failed': (life, { failure }) => ({ ...calm(life), hookFailure: failure }),
  remarked: (life, { remark }) => ({ ...life, action: remark }),
  looking: (life) => withContainer(life, { looking: true, doubtful: false }),
  looked: (life, { seen }, now) => {
    if (!life.container?.looking) return life;
    const after = withContainer(life, { looking: false });
    return seen ? look(after, seen, now) : vanished(after, now);
  },
  died: (life, fact, now) => died(withContainer(life, { looking: false }), fact, now),
  oom: (life, { at }) => (isOfLastExit(life, at) ? withOom(life) : { ...life, oom: true }),
  // A look shows what the probe printed; the answer of one that is under way may be older than this.
  health: (life, { health }) => ({
    ...withContainer(life, health === 'unhealthy' || life.container?.looking ? { doubtful: true, looking: false } : {}),
    health,
    probe: undefined,
  }),
  knocking: (life) => (life.listening ? { ...life, listening: { ...life.listening, state: 'asking' } } : life),
  listens: (life, { run }) => (life.listening?.run === run ? { ...life, listening: { run, state: 'over' } } : life),
  collecting: (life, _, now) => ({ ...life, evidence: 'collecting', evidenceBy: now.ms + EVIDENCE_MS }),
  evidence: (life, { exitAt, lines }) =>
    life.lastExit?.at === exitAt ? { ...life, evidence: 'none', lastExit: { ...life.lastExit, logs: lines } } : life,
  stopped: (life) => withContainer(calm(life), { phase: 'exited', looking: false }),
  removed: (life) => withoutContainer({ ...calm(life), message: undefined }),
  // What dies first says so by an event of its own.
  destroyed: (life, _, now) => (seemsAlive(life) ? withContainer(life, { doubtful: true }) : vanished(life, now)),
  concluded: (life, _, now) => ({
    ...life,
    state: life.desired?.target === 'prepare' ? 'complete' : 'stopped',
    since: now.iso,
    message: undefined,
  }),
  refused: (life, { refusal }, now) => refuse(life, refusal, now),
  'engine-back': (life) => ({ ...life, retryAt: undefined }),
};

function seemsAlive({ container }: Life): boolean {
  return container?.phase === 'running' || container?.phase === 'starting';
}

/** Calls succeed again. */
function calm(life: Life): Life {
  return { ...life, tries: 0, retryAt: undefined };
}

/** Moves on to a state of the same run; never back. */
function advance(life: Life, state: TaskState, now: Now): Life {
  if (life.state === state || isTerminal(life.state)) return life;
  if (state === 'preparing' && life.state !== 'accepted') return life;
  return { ...life, state, since: now.iso };
}

function withContainer(life: Life, change: Partial<ContainerView>): Life {
  return life.container ? { ...life, container: { ...life.container, ...change } } : life;
}

function died(life: Life, { code, at }: FactOf<'died'>, now: Now): Life {
  const { container } = life;
  if (!container || container.phase === 'exited' || container.phase === 'unknown') return life;
  if (isStale(life, at)) return withContainer(life, { doubtful: true, exitSeenByLooking: false });
  return endOfRun(life, { code, oom: life.oom, at }, now);
}

/** The event of the kernel's verdict may come after that of the death. */
function isOfLastExit({ container, lastExit }: Life, at: string): boolean {
  return (
    container?.phase !== 'running' &&
    lastExit?.code === 137 &&
    Math.abs(Date.parse(at) - Date.parse(lastExit.at)) < 2000
  );
}

function withOom(life: Life): Life {
  return life.lastExit ? { ...life, lastExit: { ...life.lastExit, oom: true } } : life;
}

function look(life: Life, seen: Seen, now: Now): Life {
  switch (seen.state) {
    case 'running':
    case 'paused':
    case 'restarting':
      return lookedRunning(life, seen, now);
    case 'created':
      return withContainer(advance(life, 'starting', now), { phase: 'created' });
    case 'exited':
      return lookedExited(life, seen, now);
    case 'removing':
    case 'dead':
      return { ...lookedExited(life, seen, now), container: { id: seen.id, phase: 'dead' } };
  }
}

function lookedRunning(life: Life, seen: Seen, now: Now): Life {
  const { plan, ref, desired } = life;
  const running = withContainer(calm(life), { phase: 'running', startedAt: seen.startedAt ?? now.iso });
  if (isTerminal(life.state)) return running;
  if (awaitsHooks(running)) return { ...advance(running, 'starting', now), message: 'running its post_start hooks' };
  const since = life.container?.hooked ? now.iso : (seen.startedAt ?? now.iso);
  const addresses = plan ? addressesByKey(ref, plan, seen.addresses) : life.addresses;
  return {
    ...running,
    listening: listeningOf({ ...life, addresses }, seen.startedAt ?? now.iso),
    state: 'running',
    since: life.state === 'running' ? life.since : since,
    startedAt: seen.startedAt,
    health: seen.health?.status ?? 'none',
    probe: seen.health?.status === 'unhealthy' ? seen.health.lastOutput : undefined,
    addresses,
    ports: [...seen.ports, ...(desired ? ingressPorts(desired) : [])].sort(
      (a, b) => a.container - b.container || a.host - b.host,
    ),
    message: undefined,
    restartAt: undefined,
  };
}

function lookedExited(life: Life, seen: Seen, now: Now): Life {
  const finishedAt = seen.finishedAt ?? now.iso;
  const last = life.lastExit?.at;
  // The run that is over is the one whose end is known: a start that did not take.
  if (last !== undefined && (finishedAt <= last || (seen.startedAt ?? last) < last)) {
    return withContainer(life, { phase: 'exited' });
  }
  const exit = { code: seen.exitCode ?? null, oom: seen.oomKilled || life.oom, at: finishedAt };
  const dated = withContainer(life, { startedAt: seen.startedAt });
  return withContainer(endOfRun(dated, exit, now), { exitSeenByLooking: true });
}
