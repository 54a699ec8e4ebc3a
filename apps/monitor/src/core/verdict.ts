import { isTerminal, type HealthRecord, type StatusRecord, type Time, type Verdict } from '@tutti/model';

/** Longest part of a probe's output that is kept, in characters. */
const MAX_PROBE = 300;

/**
 * The verdict on a task, given the one before; a verdict that stays keeps its time and its reason.
 * @returns undefined where there is none: before the first run, and when the task has ended
 */
export function verdictOf(
  status: StatusRecord | undefined,
  previous: HealthRecord | undefined,
  now: Time,
): HealthRecord | undefined {
  if (!status || isTerminal(status.state)) return undefined;
  if (status.state !== 'running' && !previous) return undefined;
  const [verdict, reason] = judge(status);
  if (previous?.verdict === verdict) return previous;
  const { namespace, app, service, task, node } = status;
  return { namespace, app, service, task, node, verdict, reason, since: now };
}

function judge(status: StatusRecord): [Verdict, string] {
  if (status.state !== 'running') return ['starting', 'its container is being started'];
  switch (status.health) {
    case 'none':
      return ['healthy', 'running; it has no health check'];
    case 'healthy':
      return ['healthy', 'its health check passes'];
    case 'starting':
      return ['starting', 'its health check has not passed yet'];
    case 'unhealthy':
      return ['unhealthy', unhealthy(status.probe)];
  }
}

function unhealthy(probe: string | undefined): string {
  const said = probe?.trim().replace(/\s+/g, ' ').slice(0, MAX_PROBE);
  return said ? `its health check fails: ${said}` : 'its health check fails';
}
