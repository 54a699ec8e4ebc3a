import { CLUSTER_NAMESPACE, type IncidentRecord, type LivenessRecord } from '@tutti/model';
import { fingerprint } from './fingerprint.js';
import type { IncidentChange } from './incidents.js';
import { epoch } from './slot-view.js';

/** What has become of the tasks of a node that is down. */
export interface Moves {
  /** How many were placed elsewhere, and the nodes that they are on now. */
  placed: number;
  on: readonly string[];
  /** How many are still promised their place there. */
  waiting: number;
}

const FIRST_ACTION = 'its tasks are placed on other nodes where they fit';

/** What is to be written about a node, so that its incident says what the scheduler's verdict tells. */
export function nodeIncidentChange(
  open: IncidentRecord | undefined,
  { verdict, moves, now }: { verdict: LivenessRecord | undefined; moves: Moves; now: number },
): IncidentChange | undefined {
  if (verdict?.state !== 'down') return open && resolved(open, verdict, now);
  const fresh = nodeDown(verdict);
  if (!open) return { event: 'opened', incident: fresh };
  // It was up in between: it is over at the latest when the next one begins.
  if (open.incident !== fresh.incident) return resolved(open, verdict, epoch(verdict.since));
  const action = actionOf(open, moves);
  return action === open.action ? undefined : { event: 'updated', incident: { ...open, action } };
}

function nodeDown({ node, reason, since }: LivenessRecord): IncidentRecord {
  return {
    incident: fingerprint(node, 'down', since),
    kind: 'node-down',
    namespace: CLUSTER_NAMESPACE,
    node,
    cause: `node ${node}: ${reason}`,
    logs: [],
    action: FIRST_ACTION,
    openedAt: since,
  };
}

/** What is known stays: after its return the node forgets the tasks that were taken from it. */
function actionOf({ action }: IncidentRecord, { placed, on, waiting }: Moves): string {
  if (placed === 0) return action;
  const where = `placed on ${[...on].sort().join(', ')}`;
  if (waiting > 0) return `${placed} of its ${placed + waiting} tasks were ${where}; the others wait`;
  return placed === 1 ? `its task was ${where}` : `its ${placed} tasks were ${where}`;
}

function resolved(open: IncidentRecord, verdict: LivenessRecord | undefined, now: number): IncidentChange {
  const isBack = verdict?.state === 'up' || verdict?.state === 'returning';
  const at = isBack ? epoch(verdict.since) : now;
  const done = open.action === FIRST_ACTION ? [] : [open.action];
  const how = verdict === undefined ? 'the node was removed' : 'its agent is back';
  const held = verdict?.state === 'returning' ? [verdict.reason] : [];
  return { event: 'resolved', incident: { ...ended(open, at), action: [...done, how, ...held].join('; ') } };
}

const ended = (open: IncidentRecord, at: number): IncidentRecord => {
  const until = Math.max(at, epoch(open.openedAt));
  return { ...open, resolvedAt: new Date(until).toISOString(), downMs: until - epoch(open.openedAt) };
};

/** What is to be written about nodes that vanished together: one incident for all, for as long as the brake holds. */
export function missingIncidentChange(
  open: IncidentRecord | undefined,
  verdicts: readonly LivenessRecord[],
  now: number,
): IncidentChange | undefined {
  const missing = verdicts.filter(({ state }) => state === 'missing');
  if (missing.length === 0) return open && allResolved(open, verdicts, now);
  const names = missing.map(({ node }) => node);
  const nodes = [...new Set([...(open?.nodes ?? []), ...names])].sort();
  const cause = `${nodes.join(', ')}: ${missing[0]?.reason ?? ''}`;
  if (open)
    return open.nodes?.length === nodes.length ? undefined : { event: 'updated', incident: { ...open, nodes, cause } };
  const [since = ''] = missing.map((verdict) => verdict.since).sort();
  return {
    event: 'opened',
    incident: {
      incident: fingerprint('nodes', 'missing', since),
      kind: 'nodes-missing',
      namespace: CLUSTER_NAMESPACE,
      nodes,
      cause,
      logs: [],
      action: 'nothing is moved; waits for them to return or to be given up',
      openedAt: since,
    },
  };
}

function allResolved(open: IncidentRecord, verdicts: readonly LivenessRecord[], now: number): IncidentChange {
  const concerned = verdicts.filter(({ node }) => open.nodes?.includes(node));
  const back = concerned.filter(({ state }) => state !== 'down').map(({ node }) => node);
  const lost = (open.nodes ?? []).filter((node) => !back.includes(node));
  const at = Math.max(...concerned.map(({ since }) => epoch(since)), epoch(open.openedAt));
  const action = [
    ...(back.length > 0 ? [`back: ${back.sort().join(', ')}`] : []),
    ...(lost.length > 0 ? [`given up or down: ${lost.join(', ')}`] : []),
  ].join('; ');
  return { event: 'resolved', incident: { ...ended(open, concerned.length > 0 ? at : now), action } };
}
