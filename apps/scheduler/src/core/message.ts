import { failureSentence, type RolloutPhase, type ServiceProgress } from '@tutti/model';
import type { Course } from './course.js';
import type { Delay } from './decisions.js';

/** What there is to say of a rollout. */
export interface Said {
  phase: RolloutPhase;
  services: Record<string, ServiceProgress>;
  course: Course;
  delays: readonly Delay[];
}

/** How far a rollout is, and what has become of it, for a person. */
export function messageOf({ phase, services, course, delays }: Said): string {
  if (phase === 'removed') return 'removed';
  const all = Object.values(services);
  const sum = (pick: (progress: ServiceProgress) => number): number => all.reduce((total, one) => total + pick(one), 0);
  const head = `${sum((one) => one.healthy)} of ${sum((one) => one.desired)} tasks up`;
  return [...turnOf(phase, course), head, ...shiftsOf(services), ...hindrances(services, delays)].join('; ');
}

/** Where traffic moves to a new version. */
const shiftsOf = (services: Record<string, ServiceProgress>): string[] =>
  Object.entries(services).flatMap(([name, { shift }]) => {
    if (!shift) return [];
    const { waits, waitsFor } = shift;
    const then = waits ? ', waits to be promoted' : waitsFor === undefined ? '' : `, waits for ${waitsFor}`;
    return [`${name} at step ${shift.step} of ${shift.steps}: ${shift.share}% of the traffic${then}`];
  });

/** What has become of what was asked for. */
function turnOf(phase: RolloutPhase, { rolledBack, failure }: Course): string[] {
  if (!rolledBack) return phase === 'paused' && failure ? [`paused, since ${failureSentence(failure)}`] : [];
  const { from, to, cause, aborted } = rolledBack;
  const what = `revision ${from} ${aborted ? 'was aborted' : 'failed'}`;
  if (phase === 'rolled-back') return [`${what} and was rolled back to revision ${to}: ${cause}`];
  if (phase !== 'failed') return [`${what} and is being rolled back to revision ${to}: ${cause}`];
  const last = failure && failureSentence(failure) !== cause ? `; then ${failureSentence(failure)}` : '';
  return [
    aborted
      ? `${what}, and going back to revision ${to} failed${last}`
      : `${what}, and so did going back to revision ${to}: ${cause}${last}`,
  ];
}

function hindrances(services: Record<string, ServiceProgress>, [delay]: readonly Delay[]): string[] {
  if (delay) return [`${delay.service}.${delay.slot}: ${delay.reason}`];
  const waiting = Object.entries(services).find(([, progress]) => progress.waiting !== undefined);
  return waiting ? [`${waiting[0]} ${waiting[1].waiting}`] : [];
}
