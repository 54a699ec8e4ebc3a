import type { Endpoint, StatusRecord, TaskRecord, Verdict } from '@tutti/model';
import { weighted, type Moving } from './weights.js';

/** What matters here of a task that the scheduler wants, has wanted, or has given up. */
export type Wanted = Pick<TaskRecord, 'task' | 'target'> & { orphaned: boolean; digest?: string };

/** What matters here of what a task does. */
export type Running = Pick<StatusRecord, 'task' | 'node' | 'slot' | 'addresses' | 'ports'> & { running: boolean };

export const wantedOf = ({ task, target, digest, orphaned = false }: TaskRecord): Wanted => ({
  ...{ task, target, digest, orphaned },
});

export const runningOf = ({ task, node, slot, state, addresses, ports }: StatusRecord): Running => ({
  task,
  node,
  slot,
  addresses,
  ports,
  running: state === 'running',
});

/** All that is known of one service. */
export interface ServiceView {
  tasks: readonly Wanted[];
  statuses: readonly Running[];
  verdictOf: (task: string) => Verdict | undefined;
  /** Absent: its traffic does not move to a new version. */
  moving?: Moving;
}

/** Where a service can be reached: its tasks that run, are healthy and stay, ordered by slot. */
export function endpointsOf({ tasks, statuses, verdictOf, moving }: ServiceView): Endpoint[] {
  const staying = new Set(
    tasks.filter(({ target, orphaned }) => target === 'run' && !orphaned).map(({ task }) => task),
  );
  const endpoints = statuses
    .filter(({ task, running }) => running && staying.has(task) && verdictOf(task) === 'healthy')
    .map(({ task, node, slot, addresses, ports }) => ({ task, node, slot, addresses, ports }))
    .sort((a, b) => a.slot - b.slot || (a.task < b.task ? -1 : 1));
  if (!moving) return endpoints;
  const digests = new Map(tasks.map(({ task, digest }) => [task, digest]));
  const shared = weighted(endpoints, (task) => digests.get(task) === moving.digest, moving.share);
  if (!moving.measured) return shared;
  return shared.map((endpoint) => ({ ...endpoint, digest: digests.get(endpoint.task) }));
}

/** Whether two lists of endpoints say the same. */
export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((one, index) => isSame(one, b[index]));
}

function isSame(a: Endpoint, b: Endpoint | undefined): boolean {
  if (a.task !== b?.task || a.node !== b.node || a.slot !== b.slot || a.weight !== b.weight || a.digest !== b.digest)
    return false;
  const names = Object.keys(a.addresses);
  const sameAddresses =
    names.length === Object.keys(b.addresses).length && names.every((name) => a.addresses[name] === b.addresses[name]);
  return sameAddresses && a.ports.map(portText).join() === b.ports.map(portText).join();
}

const portText = ({ host, container, protocol, hostIp = '' }: Endpoint['ports'][number]): string =>
  `${hostIp}:${host}:${container}/${protocol}`;
