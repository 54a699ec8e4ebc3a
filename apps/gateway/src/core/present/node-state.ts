import type { Availability, AvailabilityRecord, LivenessRecord, NodeElement } from '@tutti/model';

/** What a node's state follows from. */
export interface NodeSigns {
  /** What counts, see `availabilityOf`. */
  availability: Availability;
  /** What was asked of it last. */
  asked?: AvailabilityRecord;
  /** The scheduler's verdict. */
  verdict?: LivenessRecord;
  /** Whether its agent renews its lease. */
  alive: boolean;
}

type State = Pick<NodeElement, 'state' | 'reason' | 'since'>;

/** The state of a node: whether it is there at all comes first, then what is wanted of it. */
export function stateOfNode({ availability, asked, verdict, alive }: NodeSigns): State {
  const silent = silence(verdict, alive);
  const lost = availability === 'lost' ? because('given up as lost', asked) : undefined;
  if (silent) return lost ? { ...silent, reason: `${lost}; ${silent.reason ?? ''}` } : silent;
  const at = asked && { since: asked.updatedAt };
  if (availability === 'drained') return { state: 'draining', reason: because('drained', asked), ...at };
  if (lost)
    return { state: 'cordoned', reason: `${lost}, and back: uncordon it when it is to be trusted again`, ...at };
  if (availability === 'cordoned') return { state: 'cordoned', reason: cordonedBecause(asked), ...at };
  if (verdict?.state === 'returning') {
    return { state: 'returning', reason: verdict.reason, since: verdict.since };
  }
  return { state: 'ready', ...(verdict && { since: verdict.since }) };
}

/** Of a node that is not heard. */
function silence(verdict: LivenessRecord | undefined, alive: boolean): State | undefined {
  if (verdict?.state === 'down' || verdict?.state === 'missing') {
    return { state: verdict.state, reason: verdict.reason, since: verdict.since };
  }
  // Nobody has judged it yet: the lease itself tells.
  return alive ? undefined : { state: 'down', reason: 'it does not renew its lease' };
}

function cordonedBecause(asked: AvailabilityRecord | undefined): string {
  if (asked?.availability !== 'removed') return because('cordoned', asked);
  return 'it was removed and has come back: uncordon it when it is to take tasks again';
}

const because = (word: string, asked: AvailabilityRecord | undefined): string =>
  asked?.reason === undefined ? word : `${word}: ${asked.reason}`;
