import {
  isSameStep,
  type AnalysisRecord,
  type Measured,
  type RolloutRecord,
  type ServiceRef,
  type ServiceVersions,
  type StepRef,
  type VersionTraffic,
} from '@tutti/model';

/** A step of a service's rollout in which requests are measured. */
export type Step = ServiceRef & StepRef;

/** A node whose proxy has told nothing for so long is not counted among those that do. */
export const SILENT_MS = 5000;

interface Sum {
  requests: number;
  failed: number;
  timed: number;
  tookMs: number;
}

/** The last word of one node's proxy. */
interface Heard {
  /** Epoch ms. */
  at: number;
  /** By version. */
  counts: ReadonlyMap<string, VersionTraffic>;
}

/** What has been measured in one step, and what each node had counted when it was heard last. */
export interface Fold {
  step: Step;
  fresh: Sum;
  old: Sum;
  nodes: ReadonlyMap<string, Heard>;
}

/** The steps of an application's rollout in which requests are measured. */
export function stepsOf({ namespace, app, revision, services }: RolloutRecord): Step[] {
  return Object.entries(services).flatMap(([service, { shift }]) => {
    if (!shift?.measured) return [];
    const { digest, step, since } = shift;
    return [{ namespace, app, service, revision, digest, step, ...(since !== undefined && { since }) }];
  });
}

/** @param record what another monitor had measured of this very step */
export function begun(step: Step, record?: AnalysisRecord): Fold {
  const known = record && isSameStep(record, step) ? record : undefined;
  return { step, fresh: sumOf(known?.fresh), old: sumOf(known?.old), nodes: new Map() };
}

const sumOf = (
  { requests, failed, timed, latencyMs }: Measured = { requests: 0, failed: 0, timed: 0, latencyMs: 0 },
) => ({
  ...{ requests, failed, timed },
  tookMs: timed * latencyMs,
});

/**
 * Takes in what a node's proxy has counted. A node's first word only says where it stands: it may be of the step before. What
 * it begins to count later is all of this step.
 */
export function folded(
  fold: Fold,
  { node, counts, now }: { node: string; counts: VersionTraffic[]; now: number },
): Fold {
  const heard = fold.nodes.get(node);
  const news = new Map(counts.map((count) => [count.digest, count]));
  const counted = new Map([...(heard?.counts ?? []), ...news]);
  let { fresh, old } = fold;
  for (const [digest, count] of news) {
    const before = heard?.counts.get(digest);
    // Words may come twice, or in another order: what was counted does not shrink.
    const last = before?.since === count.since ? before : undefined;
    if (last && last.requests > count.requests) counted.set(digest, last);
    else if (heard && digest === fold.step.digest) fresh = grown(fresh, last, count);
    else if (heard) old = grown(old, last, count);
  }
  return { ...fold, fresh, old, nodes: new Map([...fold.nodes, [node, { at: now, counts: counted }]]) };
}

function grown(sum: Sum, before: Sum | undefined, after: Sum): Sum {
  const more = (name: keyof Sum): number => sum[name] + Math.max(0, after[name] - (before?.[name] ?? 0));
  return { requests: more('requests'), failed: more('failed'), timed: more('timed'), tookMs: more('tookMs') };
}

/** What there is to say of a step, all but when. */
export function recordOf({ step, fresh, old, nodes }: Fold, now: number): Omit<AnalysisRecord, 'updatedAt'> {
  const awake = [...nodes.values()].filter(({ at }) => now - at < SILENT_MS).length;
  return { ...step, fresh: measuredIn(fresh), old: measuredIn(old), nodes: awake };
}

const measuredIn = ({ requests, failed, timed, tookMs }: Sum): Measured => ({
  // Those that had been asked before the step may fail in it.
  ...{ requests, failed: Math.min(requests, failed), timed },
  latencyMs: timed === 0 ? 0 : Math.round((tookMs / timed) * 10) / 10,
});

/** Whether two records say the same, whenever they were written. */
export function sameFigures(a: AnalysisRecord | undefined, b: Omit<AnalysisRecord, 'updatedAt'>): boolean {
  if (!a) return false;
  const plain = ({ fresh, old, nodes }: Omit<AnalysisRecord, 'updatedAt'>): string =>
    JSON.stringify([fresh, old, nodes]);
  return isSameStep(a, b) && plain(a) === plain(b);
}

/** The services in a node's message; what has not the shape of one is left out. */
export function versionsIn(body: unknown): ServiceVersions[] {
  const { services } = (body ?? {}) as { services?: unknown };
  return Array.isArray(services) ? services.filter(isService) : [];
}

function isService(value: unknown): value is ServiceVersions {
  const { namespace, app, service, versions } = (value ?? {}) as Partial<ServiceVersions>;
  const isNamed = [namespace, app, service].every((name) => typeof name === 'string');
  return isNamed && Array.isArray(versions) && versions.every(isCount);
}

function isCount(value: unknown): boolean {
  const { digest, since, requests, failed, timed, tookMs } = (value ?? {}) as Partial<VersionTraffic>;
  const isAmount = (amount: unknown): boolean => Number.isFinite(amount) && (amount as number) >= 0;
  return [digest, since].every((text) => typeof text === 'string') && [requests, failed, timed, tookMs].every(isAmount);
}
