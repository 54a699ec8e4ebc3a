import {
  countOf,
  type IncidentElement,
  type IncidentRecord,
  type NodeElement,
  type ServiceRef,
  type Shift,
  type StatusRecord,
  type TaskRecord,
  type WhyAnswer,
} from '@tutti/model';
import type { Grouped } from '../grouped.js';
import { presentIncidents } from './incidents.js';
import { presentNode } from './node.js';
import { compare, healthOf, shownState } from './tasks.js';

type Seen = Pick<Grouped, 'task' | 'status' | 'health' | 'rollout' | 'incident'>;

const SHOWN_INCIDENTS = 10;

/** Why a task is where it is, and in the state that it is in. */
export function whyTask(task: TaskRecord, seen: Seen): WhyAnswer {
  const status = seen.status.find((candidate) => candidate.task === task.task);
  const verdict = seen.health.find((candidate) => candidate.task === task.task);
  const name = `${task.app}/${task.service}.${task.slot}`;
  const state = shownState(task, status);
  return {
    target: task.task,
    kind: 'task',
    summary: `${task.task} is task ${name} on ${task.node}: ${state}, wanted to ${task.target}`,
    lines: [
      `made because: ${task.cause}`,
      `on ${task.node} because: ${task.placement}`,
      ...(task.targetCause ? [`wanted to ${task.target} because: ${task.targetCause}`] : []),
      ...stateLines(status),
      ...(verdict ? [`health: ${healthOf(status, verdict)}, ${verdict.reason}`] : []),
      ...(task.replaces ? [`takes over from ${task.replaces}`] : []),
    ],
    incidents: latest(seen.incident, ({ task: id, app, service, slot, namespace }) => {
      const sameSlot =
        namespace === task.namespace && app === task.app && service === task.service && slot === task.slot;
      return id === task.task || sameSlot;
    }),
  };
}

function stateLines(status: StatusRecord | undefined): string[] {
  if (!status) return ['its agent has not reported on it yet'];
  const { state, since, restarts, lastExit, error, message, action } = status;
  return [
    `${state} since ${since}${restarts > 0 ? `, restarted in place ${restarts} times` : ''}`,
    ...[error, message].filter((text) => text !== undefined),
    ...(lastExit
      ? [`last exit at ${lastExit.at}: ${lastExit.oom ? 'out of memory' : `code ${lastExit.code ?? 'unknown'}`}`]
      : []),
    ...(action ? [`done about it: ${action}`] : []),
  ];
}

/** Why a service has the tasks that it has, and which are missing. */
export function whyService(ref: ServiceRef, seen: Seen): WhyAnswer | undefined {
  const rollout = seen.rollout.find(({ namespace, app }) => namespace === ref.namespace && app === ref.app);
  const progress = rollout && Object.hasOwn(rollout.services, ref.service) ? rollout.services[ref.service] : undefined;
  if (!rollout || !progress) return undefined;
  const { desired, running, healthy, updated, failed, pending, waiting, shift } = progress;
  const tasks = seen.task.filter(
    (task) => task.app === ref.app && task.namespace === ref.namespace && task.service === ref.service,
  );
  return {
    target: `${ref.app}/${ref.service}`,
    kind: 'service',
    summary: `${ref.app}/${ref.service}: ${running} of ${desired} run, ${healthy} healthy, ${updated} of revision ${rollout.revision}`,
    lines: [
      ...(waiting ? [waiting] : []),
      ...(shift ? [shiftLine(shift)] : []),
      ...pending.map(({ slot, reason, since }) => `slot ${slot} has been waiting since ${since}: ${reason}`),
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...[...tasks].sort((a, b) => a.slot - b.slot).map((task) => taskLine(task, seen)),
    ],
    incidents: latest(
      seen.incident,
      ({ namespace, app, service }) => namespace === ref.namespace && app === ref.app && service === ref.service,
    ),
  };
}

function shiftLine({ step, steps, share, since, waits, waitsFor }: Shift): string {
  const still = waits ? 'to be promoted' : waitsFor === undefined ? undefined : `for ${waitsFor}`;
  const at = `at step ${step} of ${steps}: its new version has ${share}% of the traffic`;
  return `${at}${since === undefined ? '' : ` since ${since}`}${still === undefined ? '' : `, and waits ${still}`}`;
}

/** Why an application has come as far as it has. */
export function whyApp(ref: { namespace: string; app: string }, seen: Seen): WhyAnswer | undefined {
  const rollout = seen.rollout.find(({ namespace, app }) => namespace === ref.namespace && app === ref.app);
  if (!rollout) return undefined;
  const services = Object.keys(rollout.services).map((service) => whyService({ ...ref, service }, seen));
  return {
    target: ref.app,
    kind: 'app',
    summary: `${ref.app} is ${rollout.phase} at revision ${rollout.revision}: ${rollout.message}`,
    lines: services.flatMap((service) =>
      service ? [service.summary, ...service.lines.map((line) => `  ${line}`)] : [],
    ),
    incidents: latest(seen.incident, ({ namespace, app }) => namespace === ref.namespace && app === ref.app),
  };
}

/** Why a node is in its state and since when, what runs there, and what waits because of it. */
export function whyNode(node: NodeElement, seen: Seen): WhyAnswer {
  const { capacity, reserved, state, since, reason } = node;
  const { running, waiting } = presentNode(node, seen);
  const tasks = new Map(seen.task.map((task) => [task.task, task]));
  return {
    target: node.node,
    kind: 'node',
    summary: `${node.node} is ${state}${since === undefined ? '' : ` since ${since}`} and has ${node.tasks} tasks`,
    lines: [
      state === 'ready' ? 'its agent renews its lease' : `because: ${reason ?? 'nobody has said why'}`,
      `${reserved.cpu} of ${capacity.cpu} CPUs and ${reserved.memory} of ${capacity.memory} bytes of memory are promised`,
      ...Object.entries(capacity.resources ?? {}).map(
        ([kind, count]) => `${countOf({ generic: reserved.resources ?? {} }, kind)} of ${count} ${kind} are promised`,
      ),
      ...running.flatMap(({ task, desired, reason: held }) => {
        const record = tasks.get(task);
        const about = held === undefined ? [] : [`  ${desired === 'run' ? 'stays' : 'stops'} because: ${held}`];
        return record ? [taskLine(record, seen), ...about] : [];
      }),
      ...waiting.map(
        ({ app, service, slot, reason: why, since: at }) =>
          `${app}/${service}.${slot} has been waiting since ${at}: ${why}`,
      ),
    ],
    incidents: latest(seen.incident, (incident) => incident.node === node.node),
  };
}

function taskLine(task: TaskRecord, seen: Seen): string {
  const status = seen.status.find((candidate) => candidate.task === task.task);
  return `${task.task} ${task.app}/${task.service}.${task.slot} on ${task.node}: ${shownState(task, status)}, made because: ${task.cause}`;
}

function latest(
  incidents: readonly IncidentRecord[],
  concerns: (incident: IncidentRecord) => boolean,
): IncidentElement[] {
  const chosen = incidents.filter(concerns).sort((a, b) => compare(b.openedAt, a.openedAt));
  return presentIncidents(chosen.slice(0, SHOWN_INCIDENTS));
}
