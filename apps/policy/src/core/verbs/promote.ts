import { ALL_STEPS, type Shift, type Time } from '@tutti/model';
import { changed, listed, standing } from '../change.js';
import { because, type CommandOf, type Known, type Verdict } from '../command.js';

/** Has the new version of one service, or of all, go to its next step, or to the last. */
export function promote(command: CommandOf<'promote'>, known: Known, now: Time): Verdict {
  const found = standing(command, known);
  if ('reasons' in found) return found;
  const { app } = found;
  const { service, all } = command.request;
  if (service !== undefined && !Object.hasOwn(found.revision.spec.services, service)) {
    const names = Object.keys(found.revision.spec.services);
    return because(`there is no service ${service}: the services are ${listed(names)}`, 'service');
  }
  const rollout =
    known.rollout?.revision === app.revision && known.rollout.target === undefined ? known.rollout : undefined;
  const shifts = Object.entries(rollout?.services ?? {}).flatMap(([name, { shift }]) =>
    shift && isHeld(shift) && (service === undefined || service === name) ? [[name, shift] as const] : [],
  );
  if (shifts.length === 0) {
    const what = service === undefined ? app.app : `${app.app}/${service}`;
    return because(
      `no new version of ${what} is to be promoted: tutti history ${app.app} shows where it stands`,
      'app',
    );
  }
  const before = app.promoted?.revision === app.revision ? app.promoted.steps : {};
  const steps = Object.fromEntries(shifts.map(([name, { step }]) => [name, all ? ALL_STEPS : step + 1]));
  if (shifts.every(([name]) => (before[name] ?? 0) >= (steps[name] ?? 0))) return {};
  const promoted = { revision: app.revision, steps: { ...before, ...steps } };
  return { app: changed(app, { promoted }, { command: command.command, now }) };
}

/** Whether there is something that a person can have it do: the last step is kept only by what is still to be measured. */
const isHeld = ({ step, steps, waitsFor }: Shift): boolean => step < steps || waitsFor !== undefined;
