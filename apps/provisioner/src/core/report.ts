import { isTerminal, type StatusRecord, type TaskState } from '@tutti/model';
import type { Life } from './life.js';
import { isDeaf } from './listening.js';

/** What a report is called in the history. */
export type ReportName =
  | 'accepted'
  | 'prepared'
  | 'created'
  | 'started'
  | 'restarted'
  | 'exited'
  | 'observed'
  | 'completed'
  | 'stopped'
  | 'failed'
  | 'rejected';

export interface Report {
  status: StatusRecord;
  event: ReportName;
}

const NAME: Record<TaskState, ReportName> = {
  accepted: 'accepted',
  preparing: 'prepared',
  starting: 'created',
  running: 'started',
  complete: 'completed',
  stopped: 'stopped',
  failed: 'failed',
  rejected: 'rejected',
  orphaned: 'observed',
};

/** The report of what is known now; undefined where nothing is to be said, or nothing new. */
export function reportOf(life: Life, last: StatusRecord | undefined): Report | undefined {
  if (!life.desired) return lastWords(life, last);
  if (life.container?.phase === 'unknown') return undefined;
  const status = statusOf(life);
  // That the image's name has become known is no news by itself.
  if (last && JSON.stringify({ ...last, image: status.image }) === JSON.stringify(status)) return undefined;
  return { status, event: eventOf(status, last) };
}

/** Of what nobody wants any more only the log lines of an exit that was told are news. */
function lastWords({ lastExit }: Life, last: StatusRecord | undefined): Report | undefined {
  if (!lastExit?.logs || last?.lastExit?.at !== lastExit.at || last.lastExit.logs) return undefined;
  return { status: { ...last, lastExit }, event: 'observed' };
}

/** Reports that must not be merged with a later one: each tells of something that happened. */
export function isMilestone({ event }: Report): boolean {
  return event !== 'accepted' && event !== 'prepared' && event !== 'created' && event !== 'observed';
}

function eventOf(next: StatusRecord, last: StatusRecord | undefined): ReportName {
  if (isTerminal(next.state)) return last?.state === next.state ? 'observed' : NAME[next.state];
  if (next.restarts > (last?.restarts ?? 0)) return 'exited';
  if (next.state === last?.state) return 'observed';
  return next.state === 'running' && next.restarts > 0 ? 'restarted' : NAME[next.state];
}

/** What has no health check is starting until it takes the connections that will come. */
function healthOf(life: Life): StatusRecord['health'] {
  if (life.state !== 'running') return 'none';
  return life.health === 'none' && isDeaf(life) ? 'starting' : life.health;
}

/** Absent fields are left out, so that what comes back from the bus compares equal. */
function statusOf(life: Life): StatusRecord {
  const { desired } = life;
  const status: StatusRecord = {
    ...life.ref,
    slot: desired?.slot ?? 0,
    state: life.state,
    restarts: life.restarts,
    health: healthOf(life),
    probe: life.probe,
    container: life.container?.id,
    image: life.imageName,
    digest: life.digest,
    revision: desired?.revision ?? 0,
    addresses: life.state === 'running' ? life.addresses : {},
    ports: life.state === 'running' ? life.ports : [],
    message: life.message,
    error: life.error,
    lastExit: life.lastExit,
    action: life.action,
    startedAt: life.startedAt,
    finishedAt: life.finishedAt,
    since: life.since,
  };
  return JSON.parse(JSON.stringify(status)) as StatusRecord;
}
