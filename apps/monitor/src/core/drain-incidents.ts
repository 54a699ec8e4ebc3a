import type { EndpointsRecord, IncidentRecord, Leaving } from '@tutti/model';
import { fingerprint } from './fingerprint.js';

/** The incidents of a service's drains that took longer than they may. Each is over when it is told: its task is stopped. */
export function drainIncidents({ namespace, app, service, leaving = [] }: EndpointsRecord): IncidentRecord[] {
  return leaving.flatMap(({ task, node, since, cleared, overdue }: Leaving) => {
    if (overdue === undefined || cleared === undefined) return [];
    return {
      incident: fingerprint(task, 'drain', since),
      kind: 'drain-overdue' as const,
      ...{ namespace, app, service, task, node },
      cause: `${task} of ${service} could not be drained: ${overdue}`,
      logs: [],
      action: 'stopped all the same; what was in flight to it may have been lost',
      openedAt: since,
      resolvedAt: cleared,
      downMs: 0,
    };
  });
}
