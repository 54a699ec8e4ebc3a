import type { Liveness, LivenessRecord } from '@tutti/model';

/** What is known of a node's lease, and the last verdict on the node. Times in epoch ms. */
export interface Pulse {
  node: string;
  /** Its lease has not run out. */
  held: boolean;
  /** When it was last heard of; 0: not since we look. */
  heardAt: number;
  /** When we first saw its record. */
  knownAt: number;
  /** How long its lease lasts. */
  ttlMs: number;
  /** A person has given it up: brakes do not hold it. */
  givenUp: boolean;
  verdict?: LivenessRecord;
}

/** Nodes that go down within this time of one another count as vanishing together. */
export const VANISHING_MS = 10_000;
/** One that stayed up so long has not flapped. */
const STEADY_MS = 10 * 60_000;
/** How long a node is held back when it returns for the second time, doubled with each, in milliseconds. */
const HOLD_BACK = { firstMs: 10_000, maxMs: 5 * 60_000 };
/** What everyone gets beyond a lease's length to renew after the bus was away. */
const AFTER_BUS_MS = 1000;

export interface Judgement {
  changed: LivenessRecord[];
  /** When to judge again though nothing happens, epoch ms. */
  wakeAt?: number;
}

/**
 * Gives the verdict on each node. Three brakes: when the bus was away, nobody is dead until all had time to renew; when
 * more than half of the nodes vanish together, it is rather us who are cut off, and nothing is moved; a node that comes
 * and goes is held back for longer each time.
 * @param busSince since when we see renewals without a gap, epoch ms
 */
export function judge(pulses: readonly Pulse[], { now, busSince }: { now: number; busSince: number }): Judgement {
  const judgement: Judgement = { changed: [] };
  const braked = isBraked(pulses, now);
  const returning = lastReturn(pulses, now);
  for (const pulse of pulses) {
    const dueAt = Math.max(busSince, excuse(pulse, returning)) + pulse.ttlMs + AFTER_BUS_MS;
    if (!pulse.held && !pulse.givenUp && now < dueAt) {
      wake(judgement, dueAt);
      continue;
    }
    const next = verdictOn(pulse, { now, braked });
    if (next.until !== undefined) wake(judgement, Date.parse(next.until));
    if (isNews(pulse.verdict, next)) judgement.changed.push(next);
  }
  if (braked) wake(judgement, now + VANISHING_MS);
  return judgement;
}

/** Since when a node may be expected to renew: one that has just joined renews a moment after its record is there. */
function excuse({ verdict, knownAt }: Pulse, returning: number): number {
  if (!verdict) return knownAt;
  return verdict.state === 'missing' ? returning : 0;
}

function verdictOn(pulse: Pulse, { now, braked }: { now: number; braked: boolean }): LivenessRecord {
  const { node, verdict, held } = pulse;
  const flaps = verdict?.flaps ?? 0;
  if (held) return returned(pulse, now);
  if (verdict?.state === 'down') return verdict;
  if (braked && !pulse.givenUp) {
    const reason = 'more than half of the nodes vanished together: nothing is moved until they return or are given up';
    return { node, state: 'missing', reason, since: sinceOf(verdict, 'missing', now), flaps };
  }
  const steady = verdict?.state === 'up' && now - Date.parse(verdict.since) >= STEADY_MS;
  const reason = pulse.givenUp ? 'given up' : 'it does not renew its lease: its host, its agent or its network is down';
  return { node, state: 'down', reason, since: iso(now), flaps: steady ? 1 : flaps + 1 };
}

function returned({ node, verdict }: Pulse, now: number): LivenessRecord {
  const up = (flaps: number): LivenessRecord => {
    return { node, state: 'up', reason: 'renews its lease', since: sinceOf(verdict, 'up', now), flaps };
  };
  if (!verdict || verdict.state === 'up' || verdict.state === 'missing') return up(verdict?.flaps ?? 0);
  if (verdict.state === 'returning') return now >= Date.parse(verdict.until ?? '') ? up(verdict.flaps) : verdict;
  if (verdict.flaps < 2) return up(verdict.flaps);
  const waitMs = Math.min(HOLD_BACK.maxMs, HOLD_BACK.firstMs * 2 ** Math.min(20, verdict.flaps - 2));
  const reason = `it went down ${verdict.flaps} times of late: no new task for ${Math.round(waitMs / 1000)} s`;
  return { node, state: 'returning', reason, since: iso(now), flaps: verdict.flaps, until: iso(now + waitMs) };
}

/** Whether more than half of the nodes that were there a moment ago are silent. One that is merely late counts as well. */
function isBraked(pulses: readonly Pulse[], now: number): boolean {
  const recent = pulses.filter(
    ({ verdict, held, givenUp }) => !givenUp && (verdict ?? held) && !isLongDown(verdict, now),
  );
  const silent = recent.filter((pulse) => isSilent(pulse, now));
  return silent.length * 2 > recent.length;
}

/** When a node returned last: of those that vanished together the others are given time to renew, too, epoch ms. */
function lastReturn(pulses: readonly Pulse[], now: number): number {
  const returns = pulses.map(({ held, verdict }) => {
    if (!held || !verdict) return 0;
    return verdict.state === 'missing' ? now : verdict.state === 'up' ? Date.parse(verdict.since) : 0;
  });
  return Math.max(0, ...returns);
}

const isLongDown = (verdict: LivenessRecord | undefined, now: number): boolean =>
  verdict?.state === 'down' && now - Date.parse(verdict.since) > VANISHING_MS;

/** Leases run out one after the other, by when each was last renewed; silence begins for all at once. */
const isSilent = ({ held, heardAt, ttlMs }: Pulse, now: number): boolean =>
  !held || (heardAt > 0 && now - heardAt > ttlMs / 2);

const isNews = (before: LivenessRecord | undefined, { state, until, flaps }: LivenessRecord): boolean =>
  before?.state !== state || before.until !== until || before.flaps !== flaps;

function sinceOf(verdict: LivenessRecord | undefined, state: Liveness, now: number): string {
  return verdict?.state === state ? verdict.since : iso(now);
}

const iso = (ms: number): string => new Date(ms).toISOString();

function wake(judgement: Judgement, at: number): void {
  judgement.wakeAt = Math.min(judgement.wakeAt ?? Infinity, at);
}
