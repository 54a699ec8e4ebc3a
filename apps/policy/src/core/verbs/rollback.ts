import type { RevisionRecord, Time } from '@tutti/model';
import { changed, hasFailed, listed, onlyOf, standing, type Standing } from '../change.js';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';
import { equal } from '../equal.js';
import { nextNumber } from './deploy.js';

/**
 * Goes back to an earlier revision by making a new one with its spec.
 *
 * Without a number it undoes: the target is the latest revision before the current one, or, where the current one came
 * from a rollback, before the one that it took over. So each further rollback goes further back, and ends at the first.
 * Where an update has failed, the current one is that which tasks got again instead.
 */
export function rollback(command: CommandOf<'rollback'>, known: Known, now: Time): Verdict {
  const found = standing(command, known);
  if ('reasons' in found) return found;
  const target = targetOf(command, known, found);
  if ('reasons' in target) return target;
  if (equal(target.spec, found.revision.spec) && !hasFailed(found.app, known)) return {};
  const { namespace, app, command: id } = command;
  const revision: RevisionRecord = {
    ...target,
    ...{ namespace, app, command: id },
    revision: nextNumber(known),
    rollbackOf: target.revision,
    createdAt: now,
  };
  // How many there are was set by hand for today's load; going back changes what they run.
  const exists = (name: string): boolean => Object.hasOwn(target.spec.services, name);
  const { scale, restarts } = found.app;
  const scalable = (name: string): boolean => exists(name) && !target.spec.services[name]?.mode.startsWith('global');
  const changes = { revision: revision.revision, scale: onlyOf(scale, scalable), restarts: onlyOf(restarts, exists) };
  return { app: changed(found.app, changes, { command: id, now }), revision };
}

function targetOf(
  { app, request }: CommandOf<'rollback'>,
  { revisions, rollout }: Known,
  { revision: asked }: Standing,
): RevisionRecord | ReturnType<typeof because> {
  const numbers = revisions.map(({ revision }) => revision).sort((a, b) => a - b);
  if (request.to !== undefined) {
    const asked = revisions.find(({ revision }) => revision === request.to);
    return (
      asked ?? because(`there is no revision ${request.to} of ${app}: there are ${listed(numbers.map(String))}`, 'to')
    );
  }
  const target = rollout?.revision === asked.revision ? rollout.target : undefined;
  const current = revisions.find(({ revision }) => revision === target) ?? asked;
  const from = current.rollbackOf ?? current.revision;
  const earlier = revisions
    .filter(({ revision, spec }) => revision < from && !equal(spec, current.spec))
    .sort((a, b) => b.revision - a.revision)[0];
  return earlier ?? because(`${app} has no earlier revision to go back to`, 'app');
}
