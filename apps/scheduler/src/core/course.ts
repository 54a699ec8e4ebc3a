import {
  failureSentence,
  type RevisionRecord,
  type RolledBack,
  type RolloutRecord,
  type Time,
  type UpdateFailure,
  type UpdateProgress,
} from '@tutti/model';
import { breachIn } from './analysis.js';
import { judgeUpdates, looping } from './update-failures.js';
import type { Nodes } from './node-view.js';
import { servicesOf, type AppView } from './view.js';

/** For so long after a rollout is done a crash loop undoes it. */
export const PROBATION_MS = 10 * 60_000;

/** Which spec an application's tasks get, and how that has gone so far. */
export interface Course {
  revision: RevisionRecord;
  since: Time;
  doneAt?: Time;
  stable?: number;
  earlier?: number;
  rolledBack?: RolledBack;
  givenUp?: RolledBack[];
  failure?: UpdateFailure;
  /** Service to what has failed of its update. */
  updates: Record<string, UpdateProgress>;
  /** Services whose spec is another one than before. */
  updated: ReadonlySet<string>;
}

/**
 * The revision to have at hand beside the one that is asked for: what is gone back to if that fails. An application that
 * is rolled out for the first time has none.
 */
export function fallbackNumber(asked: number, rollout: RolloutRecord | undefined): number | undefined {
  if (!rollout || rollout.phase === 'removed') return undefined;
  const stable = stableOf(rollout);
  return stable === asked ? rollout.earlier : stable;
}

/** The view with the revision whose spec tasks get, as it was decided last. */
export function asDecided(view: AppView): AppView {
  const { app, rollout, fallback } = view;
  const target = rollout?.revision === app.revision ? rollout.target : undefined;
  return fallback && fallback.revision === target ? { ...view, revision: fallback } : view;
}

/** Sets the course: on with what is asked for, on with going back, or from the one to the other. */
export function courseOf(view: AppView, nodes: Nodes, now: number): Course {
  const course = lastCourse(view, now);
  if (view.app.state === 'removing') return course;
  const isBack = course.revision !== view.revision;
  const isAborted = view.app.aborted === view.app.revision && course.doneAt === undefined;
  if (isAborted && !isBack && view.fallback) return goBack(course, { view, now });
  const services = servicesOf({ ...view, revision: course.revision }, nodes).filter(({ name }) =>
    course.updated.has(name),
  );
  if (course.doneAt !== undefined) {
    const isOver = now >= Date.parse(course.doneAt) + PROBATION_MS;
    const failure = isBack || isOver ? undefined : looping(services);
    return failure && view.fallback ? goBack(course, { view, failure, now }) : course;
  }
  const { updates, failure, action } = judgeUpdates(services, { ...course, isBack });
  if (failure && action === 'rollback' && view.fallback) return goBack(course, { view, failure, now });
  const next = { ...course, updates: { ...course.updates, ...updates }, ...(failure && { failure }) };
  return isBack ? next : measuredCourse(next, { view, nodes, now });
}

/** What was measured ends a rollout as a task does that fails. Where there is nothing to go back to, it goes no further. */
function measuredCourse(course: Course, { view, nodes, now }: { view: AppView; nodes: Nodes; now: number }): Course {
  if (Object.keys(view.analyses ?? {}).length === 0) return course;
  const services = servicesOf(view, nodes).filter(({ name }) => course.updates[name]?.paused === undefined);
  const { failure, action } = breachIn(services, view) ?? {};
  if (!failure) return course;
  if (action === 'rollback' && view.fallback) return goBack(course, { view, failure, now });
  const { failures = 0, counted = [] } = course.updates[failure.service] ?? {};
  const paused = { failures, counted, paused: failureSentence(failure) };
  return { ...course, updates: { ...course.updates, [failure.service]: paused }, failure };
}

function lastCourse(view: AppView, now: number): Course {
  const { app, revision, rollout, fallback } = view;
  const stable = rollout && rollout.phase !== 'removed' ? stableOf(rollout) : undefined;
  const time = new Date(now).toISOString();
  if (rollout?.revision !== app.revision || rollout.phase === 'removed') {
    const given = rollout && rollout.phase !== 'removed' ? givenUpIn(rollout) : [];
    return {
      revision,
      since: time,
      updates: {},
      updated: differing(revision, fallback),
      ...(stable !== undefined && { stable }),
      ...(given.length > 0 && { givenUp: given }),
    };
  }
  const { doneAt, earlier, rolledBack, givenUp, failure } = rollout;
  const target = asDecided(view).revision;
  const other = target === revision ? fallback : revision;
  const updates = Object.entries(rollout.services).flatMap(([name, { update }]) => (update ? [[name, update]] : []));
  return {
    revision: target,
    since: rollout.targetSince ?? rollout.startedAt,
    updates: Object.fromEntries(updates) as Course['updates'],
    updated: differing(target, other),
    ...(doneAt !== undefined && { doneAt }),
    ...(stable !== undefined && { stable }),
    ...(earlier !== undefined && { earlier }),
    ...(rolledBack && { rolledBack }),
    ...(givenUp && { givenUp }),
    ...(failure && { failure }),
  };
}

/** Revisions that are remembered as given up, with the one that is being left. */
const MOST_GIVEN_UP = 10;

const givenUpIn = ({ rolledBack, givenUp = [] }: RolloutRecord): RolledBack[] =>
  [...givenUp, ...(rolledBack ? [rolledBack] : [])].slice(-MOST_GIVEN_UP);

function goBack(
  course: Course,
  { view, failure, now }: { view: AppView; failure?: UpdateFailure; now: number },
): Course {
  const { fallback } = view;
  if (!fallback) return course;
  const at = new Date(now).toISOString();
  const cause = failure ? failureSentence(failure) : 'somebody asked for that';
  return {
    revision: fallback,
    since: at,
    stable: fallback.revision,
    rolledBack: {
      ...{ from: view.app.revision, to: fallback.revision, generation: view.app.generation, cause, at },
      ...(!failure && { aborted: true as const }),
    },
    ...(course.givenUp && { givenUp: course.givenUp }),
    ...(failure && { failure }),
    updates: {},
    updated: differing(fallback, view.revision),
  };
}

/** The course once all is there and has been watched: it is what a later update goes back to. */
export function arrived(course: Course, asked: number, now: number): Course {
  if (course.doneAt !== undefined) return course;
  const doneAt = new Date(now).toISOString();
  const { stable } = course;
  if (course.revision.revision !== asked) return { ...course, doneAt };
  return { ...course, doneAt, stable: asked, ...(stable !== undefined && stable !== asked && { earlier: stable }) };
}

/** The services of a revision whose spec is another one in the other revision, or that are not there. */
function differing(revision: RevisionRecord, other: RevisionRecord | undefined): ReadonlySet<string> {
  if (!other) return new Set();
  const digestIn = (name: string): string | undefined =>
    Object.hasOwn(other.digests, name) ? other.digests[name] : undefined;
  return new Set(Object.keys(revision.digests).filter((name) => revision.digests[name] !== digestIn(name)));
}

/** Records that an earlier version wrote do not say which revision was done. */
const stableOf = ({ stable, phase, revision }: RolloutRecord): number | undefined =>
  stable ?? (phase === 'done' ? revision : undefined);
