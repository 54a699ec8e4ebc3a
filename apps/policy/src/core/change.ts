import type { AppRecord, RevisionRecord, Time } from '@tutti/model';
import { because, type Command, type Known } from './command.js';

/** The application that a command is about, with the revision that it stands at. */
export interface Standing {
  app: AppRecord;
  revision: RevisionRecord;
}

/** What a command on an application stands on; a refusal where there is no such application, or it is on its way out. */
export function standing(command: Command, { app, revisions }: Known): Standing | ReturnType<typeof because> {
  if (!app) return because(`there is no application ${command.app} in the namespace ${command.namespace}`, 'app');
  if (app.state === 'removing') return because(`${app.app} is being removed: deploy it again to keep it`, 'app');
  const revision = revisions.find((candidate) => candidate.revision === app.revision);
  if (!revision)
    return because(`revision ${app.revision} of ${app.app} is missing: deploy the application again`, 'app');
  return { app, revision };
}

/** The application after an accepted change. */
export function changed(app: AppRecord, changes: Partial<AppRecord>, by: { command: string; now: Time }): AppRecord {
  return { ...app, ...changes, generation: app.generation + 1, command: by.command, updatedAt: by.now };
}

/** Whether the revision that is asked for was given up, or goes no further by itself. */
export function hasFailed({ revision }: AppRecord, { rollout }: Known): boolean {
  if (rollout?.revision !== revision) return false;
  return rollout.target !== undefined || rollout.phase === 'paused';
}

/** The entries of `counts` whose name is among `names`. */
export function onlyOf<T>(counts: Record<string, T>, names: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => names(name)));
}

/** `a, b and c`, for a sentence. */
export function listed(names: readonly string[]): string {
  const shown = names.length > 20 ? [...names.slice(0, 20), `${names.length - 20} more`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
