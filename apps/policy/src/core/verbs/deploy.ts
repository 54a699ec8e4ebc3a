import type { ApplicationSpec, AppRecord, RevisionRecord, Time } from '@tutti/model';
import { changed, hasFailed, onlyOf } from '../change.js';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';
import { missingContents } from '../contents.js';
import { equal } from '../equal.js';

/**
 * Makes the application what the file says: a new revision, unless the current one says the same. Where that one has
 * failed it is tried again, as a new one.
 */
export function deploy(command: CommandOf<'deploy'>, known: Known, now: Time): Verdict {
  const { spec, contents, expectGeneration } = command.request;
  const standing = known.app?.generation ?? 0;
  if (expectGeneration !== undefined && expectGeneration !== standing)
    return because('the application has changed since this was planned: look at it with tutti plan');
  const by = { command: command.command, now };
  const { app } = known;
  const current = known.revisions.find(({ revision }) => revision === app?.revision);
  if (app && current && equal(current.spec, spec) && !hasFailed(app, known)) {
    const scale = keptScale(app, spec);
    if (app.state === 'active' && equal(app.scale, scale)) return {};
    return { app: changed(app, { state: 'active', scale }, by) };
  }
  const missing = missingContents(command.request, known.revisions);
  if (missing.length > 0) return { reasons: missing };
  const revision = nextRevision(command, known, now);
  return app
    ? { app: changed(app, { ...adopted(app, spec), revision: revision.revision }, by), revision, contents }
    : { app: created(command, { known, revision, now }), event: 'created', revision, contents };
}

/** The number that the next revision gets. */
export function nextNumber({ app, revisions }: Known): number {
  return 1 + Math.max(0, app?.revision ?? 0, ...revisions.map(({ revision }) => revision));
}

function nextRevision(
  { namespace, app, command, request }: CommandOf<'deploy'>,
  known: Known,
  now: Time,
): RevisionRecord {
  const { spec, digests, ignored, findings } = request;
  return { namespace, app, revision: nextNumber(known), spec, digests, ignored, findings, command, createdAt: now };
}

function created(
  { namespace, app, command }: CommandOf<'deploy'>,
  { known, revision, now }: { known: Known; revision: RevisionRecord; now: Time },
): AppRecord {
  return {
    ...{ namespace, app, command },
    revision: revision.revision,
    state: 'active',
    // Above what an application of this name that was removed has reached, so that its last rollout is not mistaken for ours.
    generation: (known.rollout?.generation ?? 0) + 1,
    scale: {},
    restarts: {},
    createdAt: now,
    updatedAt: now,
  };
}

function adopted(app: AppRecord, spec: ApplicationSpec): Partial<AppRecord> {
  const restarts = onlyOf(app.restarts, (name) => Object.hasOwn(spec.services, name));
  return { state: 'active', scale: keptScale(app, spec), restarts };
}

/** What `scale` has set stays where the file says nothing about it. */
function keptScale(app: AppRecord, spec: ApplicationSpec): Record<string, number> {
  return onlyOf(app.scale, (name) => {
    const service = Object.hasOwn(spec.services, name) ? spec.services[name] : undefined;
    return service !== undefined && !service.replicasStated && !service.mode.startsWith('global');
  });
}
