import { CLUSTER_NAMESPACE, type IncidentRecord } from '@tutti/model';
import { fingerprint } from './fingerprint.js';

/** How long a node may be missing after the monitor, or the bus, has come up before that is an incident. */
export const NODE_GRACE_MS = 15_000;

/** A node whose agent no longer renews its lease. @param at epoch ms */
export function nodeDown(node: string, at: number): IncidentRecord {
  const openedAt = new Date(at).toISOString();
  return {
    incident: fingerprint(node, 'down', openedAt),
    kind: 'node-down',
    namespace: CLUSTER_NAMESPACE,
    node,
    cause: `node ${node} does not renew its lease: its host, its agent or its network is down`,
    logs: [],
    action: 'waiting for its agent; its tasks are placed on other nodes where they fit',
    openedAt,
  };
}

/** The node's agent holds its lease again. @param at epoch ms */
export function nodeBack(incident: IncidentRecord, at: number): IncidentRecord {
  const downMs = Math.max(0, at - Date.parse(incident.openedAt));
  return { ...incident, action: 'its agent is back', resolvedAt: new Date(at).toISOString(), downMs };
}
