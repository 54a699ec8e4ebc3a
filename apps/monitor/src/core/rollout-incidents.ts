import { failureSentence, type IncidentRecord, type RolloutRecord } from '@tutti/model';
import { fingerprint } from './fingerprint.js';
import type { IncidentChange } from './incidents.js';
import { epoch } from './slot-view.js';

/** What matters here of a rollout. */
export type Turn = Pick<
  RolloutRecord,
  'namespace' | 'app' | 'revision' | 'generation' | 'phase' | 'rolledBack' | 'failure' | 'startedAt'
>;

/** The incident of a rollout that a failing task, or what was measured, has stopped or turned back; undefined where nothing has. */
export function rolloutIncident(rollout: Turn): IncidentRecord | undefined {
  const { namespace, app, revision, generation, rolledBack, failure, startedAt } = rollout;
  const isStopped = rollout.phase === 'paused' || rollout.phase === 'failed';
  if (!failure || !(rolledBack || isStopped)) return undefined;
  const { service, slot, task, node, exitCode } = failure;
  const begun = rolledBack?.at ?? startedAt;
  const cause = rolledBack?.cause ?? failureSentence(failure);
  return {
    incident: fingerprint(namespace, app, 'rollout', String(rolledBack?.generation ?? generation), begun),
    kind: 'rollout-failed',
    ...{ namespace, app, service },
    ...(task !== undefined && { slot, task, node }),
    cause: `revision ${rolledBack?.from ?? revision} failed: ${cause}`,
    ...(exitCode !== undefined && { exitCode }),
    logs: [],
    action: actionOf(rollout),
    openedAt: begun,
  };
}

function actionOf({ phase, rolledBack }: Turn): string {
  if (!rolledBack) return 'paused: old and new tasks stay as they are, as its failure_action says';
  if (phase === 'rolled-back') return `rolled back to revision ${rolledBack.to}`;
  if (phase === 'failed') return `going back to revision ${rolledBack.to} failed, too`;
  return `rolling back to revision ${rolledBack.to}`;
}

interface Known {
  /** Incidents of the application's rollouts that are open, and that of the present one. */
  incidents: readonly IncidentRecord[];
  /** Last lines of the task that failed. */
  logs: readonly string[];
  /** Epoch ms. */
  now: number;
}

/** What is to be written, so that the incidents say what the rollout tells. */
export function rolloutIncidentChanges(rollout: Turn | undefined, { incidents, logs, now }: Known): IncidentChange[] {
  const fresh = rollout && rolloutIncident(rollout);
  const over = incidents.filter(({ incident, resolvedAt }) => !resolvedAt && incident !== fresh?.incident);
  const how = supersededBy(rollout, fresh);
  const ended = how === undefined ? [] : over.map((incident) => resolved({ ...incident, action: how }, now));
  return fresh ? [...ended, ...changeOf(fresh, { incidents, logs, now }, rollout.phase)] : ended;
}

/** What ends an incident of an earlier change; undefined while that is not known. */
function supersededBy(rollout: Turn | undefined, fresh: IncidentRecord | undefined): string | undefined {
  if (!rollout || rollout.phase === 'removed') return 'removed: it is not wanted any more';
  return rollout.phase === 'done' || fresh ? `superseded by revision ${rollout.revision}` : undefined;
}

function changeOf(fresh: IncidentRecord, { incidents, logs, now }: Known, phase: Turn['phase']): IncidentChange[] {
  const before = incidents.find(({ incident }) => incident === fresh.incident);
  if (!before) return [{ event: 'opened', incident: { ...fresh, logs: [...logs] } }];
  // The last lines of the log may come in when all is over.
  const isOver = before.resolvedAt !== undefined;
  const action = isOver ? before.action : fresh.action;
  const seen = { ...before, action, logs: logs.length > before.logs.length ? [...logs] : before.logs };
  if (phase === 'rolled-back' && !isOver) return [resolved(seen, now)];
  const isNews = seen.action !== before.action || seen.logs !== before.logs;
  return isNews ? [{ event: 'updated', incident: seen }] : [];
}

function resolved(incident: IncidentRecord, now: number): IncidentChange {
  const resolvedAt = new Date(now).toISOString();
  const downMs = Math.max(0, now - epoch(incident.openedAt));
  return { event: 'resolved', incident: { ...incident, resolvedAt, downMs } };
}
