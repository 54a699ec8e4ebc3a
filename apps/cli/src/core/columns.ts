import {
  formatBytes,
  formatDuration,
  type Amount,
  type AppElement,
  type BegunMove,
  type IncidentElement,
  type Move,
  type NodeElement,
  type RevisionElement,
  type ServiceElement,
  type TaskElement,
} from '@tutti/model';
import { age } from './ages.js';
import { shiftText } from './rollouts.js';
import { toneOf } from './style.js';
import type { Column } from './table.js';

/** `8081->3000/tcp`, sorted and comma-separated. */
/** A port that every node listens on is listed with each task, and is one. */
function portList(ports: readonly { host: number; container: number; protocol: string }[]): string {
  const texts = ports.map(({ host, container, protocol }) => `${host}->${container}/${protocol}`);
  return [...new Set(texts)].join(',');
}

/** The first column of lists that reach over namespaces. */
function namespaceColumn<T extends { namespace: string }>(): Column<T> {
  return { header: 'NAMESPACE', value: ({ namespace }) => (namespace === 'default' ? '' : namespace), optional: true };
}

export const taskColumns = (now: Date): Column<TaskElement>[] => [
  { header: 'TASK', value: ({ task }) => task },
  namespaceColumn(),
  { header: 'APP', value: ({ app }) => app },
  { header: 'SERVICE', value: ({ service }) => service },
  { header: 'SLOT', value: ({ slot }) => slot, align: 'right' },
  { header: 'NODE', value: ({ node }) => node },
  { header: 'STATE', value: ({ state }) => state, tone: ({ state }) => toneOf(state) },
  { header: 'HEALTH', value: ({ health }) => (health === 'none' ? '' : health), tone: ({ health }) => toneOf(health) },
  { header: 'REV', value: ({ revision }) => revision, align: 'right' },
  { header: 'RESTARTS', value: ({ restarts }) => restarts, align: 'right' },
  { header: 'SINCE', value: ({ since }) => age(since, now), align: 'right' },
  { header: 'PORTS', value: ({ ports }) => portList(ports) },
  { header: 'MESSAGE', value: ({ message, state }) => (state === 'running' ? '' : message), optional: true },
];

export const appColumns = (now: Date): Column<AppElement>[] => [
  { header: 'APP', value: ({ app }) => app, tone: () => 'bold' },
  namespaceColumn(),
  { header: 'REV', value: ({ revision }) => revision, align: 'right' },
  {
    header: 'STATE',
    value: ({ phase, state }) => phase ?? state,
    tone: ({ phase, state }) => toneOf(phase ?? state),
  },
  {
    header: 'SERVICES',
    value: ({ services }) =>
      Object.entries(services)
        .map(([name, { healthy, desired }]) => `${name} ${healthy}/${desired}`)
        .join(', '),
  },
  { header: 'CHANGED', value: ({ updatedAt }) => age(updatedAt, now), align: 'right' },
  { header: 'MESSAGE', value: ({ message, phase }) => (phase === 'done' ? '' : message), optional: true },
];

const cpuOf = (of: Amount, reserved: Amount): string => `${round(reserved.cpu)}/${round(of.cpu)}`;
const memoryOf = (of: Amount, reserved: Amount): string =>
  `${formatBytes(reserved.memory)} / ${formatBytes(of.memory)}`;
const round = (amount: number): string => String(Math.round(amount * 100) / 100);

/** One that is drained has nothing left to give away. */
const shownState = ({ state, tasks }: NodeElement): string => (state === 'draining' && tasks === 0 ? 'drained' : state);

export const nodeColumns = (now: Date): Column<NodeElement>[] => [
  { header: 'NODE', value: ({ node }) => node, tone: () => 'bold' },
  { header: 'STATE', value: shownState, tone: (node) => toneOf(shownState(node)) },
  { header: 'SINCE', value: ({ since }) => (since === undefined ? '' : age(since, now)), align: 'right' },
  { header: 'ENGINE', value: ({ engine }) => `${engine.kind} ${engine.version}` },
  { header: 'CPU', value: ({ capacity, reserved }) => cpuOf(capacity, reserved), align: 'right' },
  { header: 'MEMORY', value: ({ capacity, reserved }) => memoryOf(capacity, reserved), align: 'right' },
  { header: 'TASKS', value: ({ tasks }) => tasks, align: 'right' },
  {
    header: 'LABELS',
    value: ({ labels }) =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
  },
  { header: 'REASON', value: ({ reason }) => reason, optional: true },
];

export const moveColumns = (): Column<Move | BegunMove>[] => [
  { header: 'TASK', value: ({ task }) => task },
  namespaceColumn(),
  { header: 'SLOT', value: ({ app, service, slot }) => `${app}/${service}.${slot}` },
  { header: 'FROM', value: ({ from }) => from },
  { header: 'TO', value: ({ to }) => to },
  { header: 'STATE', value: (move) => ('state' in move ? move.state : ''), optional: true },
  { header: 'WHY', value: ({ why }) => why },
];

export const serviceColumns = (): Column<ServiceElement>[] => [
  { header: 'APP', value: ({ app }) => app },
  namespaceColumn(),
  { header: 'SERVICE', value: ({ service }) => service, tone: () => 'bold' },
  { header: 'MODE', value: ({ mode }) => mode },
  {
    header: 'REPLICAS',
    value: ({ healthy, desired }) => `${healthy}/${desired}`,
    tone: ({ healthy, desired }) => (healthy >= desired ? 'good' : 'busy'),
    align: 'right',
  },
  { header: 'IMAGE', value: ({ image }) => image },
  { header: 'PORTS', value: ({ endpoints }) => portList(endpoints.flatMap(({ ports }) => ports)) },
];

export const incidentColumns = (now: Date): Column<IncidentElement>[] => [
  { header: 'INCIDENT', value: ({ incident }) => incident },
  namespaceColumn(),
  { header: 'WHAT', value: ({ app, service, node }) => (app ? [app, service].filter(Boolean).join('/') : node) },
  { header: 'TASK', value: ({ task }) => task },
  { header: 'KIND', value: ({ kind }) => kind },
  { header: 'CAUSE', value: ({ cause }) => cause },
  { header: 'ACTION', value: ({ action }) => action },
  {
    header: 'DOWN',
    value: ({ downMs, resolvedAt }) => (downMs != null ? formatDuration(downMs) : resolvedAt ? '' : 'open'),
    tone: ({ resolvedAt }) => (resolvedAt ? 'plain' : 'bad'),
    align: 'right',
  },
  { header: 'WHEN', value: ({ openedAt }) => age(openedAt, now), align: 'right' },
];

export const revisionColumns = (now: Date): Column<RevisionElement>[] => [
  {
    header: 'REVISION',
    value: ({ revision, current, inEffect }) =>
      `${revision}${inEffect ? (current ? ' (current)' : ' (in effect)') : current ? ' (asked for)' : ''}`,
  },
  { header: 'CREATED', value: ({ createdAt }) => age(createdAt, now), align: 'right' },
  { header: 'ROLLBACK OF', value: ({ rollbackOf }) => rollbackOf, optional: true },
  { header: 'COMMAND', value: ({ command }) => command },
  {
    header: 'IMAGES',
    value: ({ services }) =>
      Object.entries(services)
        .map(([name, image]) => `${name}=${image}`)
        .join(', '),
  },
  {
    header: 'ROLLOUT',
    value: ({ shifts }) =>
      shifts &&
      Object.entries(shifts)
        .map(([name, shift]) => `${name} ${shiftText(shift)}`)
        .join(', '),
    optional: true,
  },
  {
    header: 'ROLLED BACK',
    value: ({ rolledBack }) => (rolledBack ? `to ${rolledBack.to}: ${rolledBack.cause}` : undefined),
    optional: true,
  },
];
