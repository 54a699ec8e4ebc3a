import type { Fault, ServiceSpec, Time } from '@tutti/model';
import { changed, listed, standing } from '../change.js';
import type { CommandOf, Known, Verdict } from '../command.js';

/** Sets how many tasks services have, over what the revision says. */
export function scale(command: CommandOf<'scale'>, known: Known, now: Time): Verdict {
  const found = standing(command, known);
  if ('reasons' in found) return found;
  const { app, revision } = found;
  const { services } = revision.spec;
  const wanted = Object.entries(command.request.services);
  const reasons = wanted.flatMap(([name]) => reasonAgainst(name, services));
  if (reasons.length > 0) return { reasons };
  const current = (name: string): number | undefined => app.scale[name] ?? services[name]?.replicas;
  if (wanted.every(([name, replicas]) => current(name) === replicas)) return {};
  return {
    app: changed(app, { scale: { ...app.scale, ...command.request.services } }, { command: command.command, now }),
  };
}

function reasonAgainst(name: string, services: Record<string, ServiceSpec>): Fault[] {
  const path = `services.${name}`;
  const service = Object.hasOwn(services, name) ? services[name] : undefined;
  if (!service)
    return [{ path, message: `there is no service ${name}: the services are ${listed(Object.keys(services))}` }];
  if (!service.mode.startsWith('global')) return [];
  return [{ path, message: `${name} is ${service.mode}, it has one task on each node: change its mode to scale it` }];
}
