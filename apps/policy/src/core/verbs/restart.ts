import type { Time } from '@tutti/model';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';
import { changed, listed, standing } from '../change.js';

/** Has the tasks of one service, or of all, replaced by new ones of the same revision. */
export function restart(command: CommandOf<'restart'>, known: Known, now: Time): Verdict {
  const found = standing(command, known);
  if ('reasons' in found) return found;
  const { app, revision } = found;
  const names = Object.keys(revision.spec.services);
  const { service } = command.request;
  if (service !== undefined && !names.includes(service)) {
    return because(`there is no service ${service}: the services are ${listed(names)}`, 'service');
  }
  const counted = (service === undefined ? names : [service]).map(
    (name) => [name, (app.restarts[name] ?? 0) + 1] as const,
  );
  const restarts = { ...app.restarts, ...Object.fromEntries(counted) };
  return { app: changed(app, { restarts }, { command: command.command, now }) };
}
