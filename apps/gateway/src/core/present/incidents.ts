import type { IncidentElement, IncidentRecord } from '@tutti/model';
import { compare } from './tasks.js';

/** The incidents as users see them, newest first. */
export function presentIncidents(
  incidents: readonly IncidentRecord[],
  { open }: { open?: boolean | undefined } = {},
): IncidentElement[] {
  return incidents
    .filter(({ resolvedAt }) => !open || resolvedAt === undefined)
    .sort((a, b) => compare(b.openedAt, a.openedAt) || compare(b.incident, a.incident))
    .map((record) => ({
      ...record,
      app: record.app ?? null,
      service: record.service ?? null,
      task: record.task ?? null,
      node: record.node ?? null,
      exitCode: record.exitCode ?? null,
      oom: record.oom ?? false,
      resolvedAt: record.resolvedAt ?? null,
      downMs: record.downMs ?? null,
    }));
}
