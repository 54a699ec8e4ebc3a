import type { Time } from '@tutti/model';
import { changed } from '../change.js';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';

/** Begins to remove an application; its records go when its last task has. */
export function remove({ namespace, app: name, command }: CommandOf<'remove'>, { app }: Known, now: Time): Verdict {
  if (!app) return because(`there is no application ${name} in the namespace ${namespace}`, 'app');
  if (app.state === 'removing') return {};
  return { app: changed(app, { state: 'removing' }, { command, now }), event: 'removing' };
}
