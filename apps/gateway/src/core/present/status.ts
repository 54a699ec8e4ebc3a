import {
  SERVICES,
  type Amount,
  type BusState,
  type NodeElement,
  type StatusAnswer,
  type StatusRecord,
} from '@tutti/model';
import type { Grouped } from '../grouped.js';

interface Seen {
  bus: BusState;
  /** Who answered; of several with one name any will do. */
  services: readonly { name: string; version: string; since: string }[];
  nodes: readonly NodeElement[];
  seen: Pick<Grouped, 'task' | 'status' | 'incident' | 'app'>;
}

/** The state of everything; healthy when every service answers, no node is down and no incident is open. */
export function presentStatus({ bus, services: found, nodes, seen }: Seen): StatusAnswer {
  // Of a node that is gone only what its agent said last is left.
  const tasks = new Set(seen.task.filter(({ orphaned }) => !orphaned).map(({ task }) => task));
  const isOfTask = ({ task, state }: StatusRecord): boolean => state === 'running' && tasks.has(task);
  const services = SERVICES.map((name) => {
    const live = found.find((service) => service.name === name);
    return {
      name,
      version: live?.version ?? null,
      state: live ? ('running' as const) : ('missing' as const),
      since: live?.since ?? null,
    };
  });
  const down = nodes.filter(({ state }) => state === 'down' || state === 'missing').length;
  const open = seen.incident.filter(({ resolvedAt }) => resolvedAt === undefined).length;
  const whole = services.every(({ state }) => state === 'running');
  return {
    healthy: bus.connected && whole && down === 0 && open === 0,
    bus,
    services,
    nodes: { ready: nodes.filter(({ state }) => state === 'ready').length, down, total: nodes.length },
    capacity: sum(nodes.map(({ capacity }) => capacity)),
    reserved: sum(nodes.map(({ reserved }) => reserved)),
    tasks: { running: seen.status.filter(isOfTask).length, total: seen.task.length },
    incidents: { open },
    apps: seen.app.length,
  };
}

function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((a, b) => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory }), { cpu: 0, memory: 0 });
}
