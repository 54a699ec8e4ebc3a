import {
  formatDuration,
  isSameStep,
  type AnalysisRecord,
  type AnalysisSpec,
  type Shift,
  type UpdateFailure,
  type UpdateSpec,
} from '@tutti/model';
import type { AppView, ServiceView } from './view.js';

/** What follows of what was measured in a step: it is over with the rollout, it has to go on, or neither. */
export interface Judgement {
  /** Which limit was passed, and by how much. */
  breach?: string;
  /** What else has to be measured: `63 more of 100 requests to its new version`. */
  waitsFor?: string;
}

/** What is judged, and what was measured of that. */
interface Seen {
  /** Per cent of the traffic that the new version has. */
  share: number;
  /** Of this very step. */
  measured: AnalysisRecord | undefined;
}

/** Silence is no good sign: as long as too little was measured, a step waits. */
export function judge(spec: AnalysisSpec, { share, measured }: Seen): Judgement {
  if (share === 0) return {};
  if (!measured)
    return { waitsFor: `${spec.minRequests} requests to its new version, of which nobody has told any yet` };
  const breach = errorBreach(spec, measured) ?? latencyBreach(spec, measured);
  if (breach !== undefined) return { breach };
  const lack = lackOf(spec, { share, measured });
  if (lack === undefined) return {};
  return { waitsFor: measured.nodes > 0 ? lack : `${lack}, but no proxy tells of any` };
}

/** Also before enough was measured, once so many have failed that it would be too many then, whatever else comes. */
function errorBreach({ maxErrorRate, minRequests }: AnalysisSpec, { fresh }: AnalysisRecord): string | undefined {
  if (maxErrorRate === undefined) return undefined;
  const { requests, failed } = fresh;
  if (failed <= maxErrorRate * Math.max(requests, minRequests) + ROUNDING) return undefined;
  const [rate, limit] = [perCent(failed / requests), `its max_error_rate of ${perCent(maxErrorRate)}`];
  return requests >= minRequests
    ? `${rate} of ${requests} requests to its new version failed, more than ${limit}`
    : `${rate} of the first ${requests} requests to its new version failed, too many for ${limit} of ${minRequests}`;
}

function latencyBreach(
  { maxLatencyMs, maxLatencyRatio, minRequests }: AnalysisSpec,
  { fresh, old }: AnalysisRecord,
): string | undefined {
  if (fresh.timed < minRequests) return undefined;
  const what = `${fresh.timed} requests to its new version took ${milliseconds(fresh.latencyMs)} on average, more than its max_latency of`;
  if (maxLatencyMs !== undefined && fresh.latencyMs > maxLatencyMs) return `${what} ${formatDuration(maxLatencyMs)}`;
  if (maxLatencyRatio === undefined || old.timed < minRequests) return undefined;
  if (fresh.latencyMs <= old.latencyMs * maxLatencyRatio) return undefined;
  return `${what} ${maxLatencyRatio}x the ${milliseconds(old.latencyMs)} of the version before`;
}

/** What is still to be measured. Once it has all of the traffic there is nothing any more to compare it with. */
function lackOf(
  { maxLatencyMs, maxLatencyRatio, minRequests }: AnalysisSpec,
  { share, measured }: { share: number; measured: AnalysisRecord },
): string | undefined {
  const { fresh, old } = measured;
  const isCompared = maxLatencyRatio !== undefined && share < 100;
  const lacking = (count: number): string => `${minRequests - count} more of ${minRequests} requests`;
  if (fresh.requests < minRequests) return `${lacking(fresh.requests)} to its new version`;
  if ((maxLatencyMs !== undefined || isCompared) && fresh.timed < minRequests)
    return `${lacking(fresh.timed)} to its new version whose time can be told`;
  if (isCompared && old.timed < minRequests) return `${lacking(old.timed)} to the version before, to compare it with`;
  return undefined;
}

/** Shares of whole requests are not exact in binary. */
const ROUNDING = 1e-6;

const perCent = (rate: number): string => `${Number((rate * 100).toPrecision(3))}%`;
const milliseconds = (ms: number): string => `${Number(ms.toPrecision(3))} ms`;

/** What was measured of just the step at which a service stands. */
export function measuredAt(
  shift: Pick<Shift, 'digest' | 'step' | 'since'>,
  { revision, record }: { revision: number; record: AnalysisRecord | undefined },
): AnalysisRecord | undefined {
  const { digest, step, since } = shift;
  return record && isSameStep(record, { revision, digest, step, since }) ? record : undefined;
}

/** The shifts of what is asked for, as they were decided last; none where an earlier spec is brought in again. */
export function shiftsIn({ app, rollout }: AppView): Readonly<Record<string, Shift | undefined>> {
  if (rollout?.revision !== app.revision || rollout.target !== undefined) return {};
  return Object.fromEntries(Object.entries(rollout.services).map(([name, { shift }]) => [name, shift]));
}

export interface Breach {
  failure: UpdateFailure;
  action: UpdateSpec['failureAction'];
}

/** A service whose requests have gone worse than its file puts up with. */
export function breachIn(services: readonly ServiceView[], view: AppView): Breach | undefined {
  const shifts = shiftsIn(view);
  for (const { name, digest, spec, update } of services) {
    const [shift, analysis] = [shifts[name], spec?.rollout?.analysis];
    if (!analysis || !update || shift?.digest !== digest) continue;
    const { share, step, steps } = shift;
    const record = view.analyses?.[name];
    const { breach } = judge(analysis, { share, measured: measuredAt(shift, { revision: view.app.revision, record }) });
    if (breach === undefined) continue;
    const failure = { service: name, reason: `at step ${step} of ${steps} (${share}% of the traffic) ${breach}` };
    return { failure, action: update.failureAction };
  }
  return undefined;
}
