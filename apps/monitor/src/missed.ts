import { decodeJson, eventType, readEventHeaders, recent, STREAM, subjects, type Connection } from '@tutti/bus';
import type { StatusRecord } from '@tutti/model';
import { filter, lastValueFrom, mergeMap, takeLast, toArray } from 'rxjs';

/** What failed longer ago while no monitor was there is not told. Bounds the reading, in milliseconds. */
const LOOK_BACK_MS = 15 * 60_000;
/** Failures looked at; of more the oldest are not told. */
const MOST = 10_000;

const FAILING: ReadonlySet<string> = new Set(
  (['exited', 'failed', 'rejected', 'restarted'] as const).map((participle) => eventType('status', participle)),
);

/**
 * What the history tells of tasks that failed of late: records as they stood then. Another state, or nothing, may stand
 * in their place by now, so whoever begins to lead would not learn of it elsewhere.
 * @throws TuttiError when the reading breaks off; may be called again then
 */
export function failedOfLate(bus: Connection, now: number): Promise<StatusRecord[]> {
  const filters = [subjects.events('*', 'task.*.*.*.observed')];
  const history = recent(bus, { stream: STREAM.events, filters, since: now - LOOK_BACK_MS });
  const failed = history.pipe(
    filter(({ headers, data }) => data.length > 0 && FAILING.has(readEventHeaders(headers)?.type ?? '')),
    mergeMap(({ data }) => statusIn(data)),
    takeLast(MOST),
    toArray(),
  );
  return lastValueFrom(failed);
}

/** What cannot be read is buried by those who follow STATE. */
function statusIn(data: Uint8Array): StatusRecord[] {
  try {
    return [decodeJson(data) as StatusRecord];
  } catch {
    return [];
  }
}
