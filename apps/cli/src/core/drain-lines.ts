import type { NodeAnswer, NodeTask } from '@tutti/model';
import type { Paint } from './style.js';

const SHOWN = 15;

/** How far a drain has come: how many tasks are left, and what each of them waits for. */
export function drainLines({ node, running }: NodeAnswer, paint: Paint): string[] {
  const left = `${running.length} task${running.length === 1 ? '' : 's'} left on ${node}`;
  const more = running.length - SHOWN;
  return [
    running.length === 0 ? paint(left, 'good') : paint(left, 'busy'),
    ...running.slice(0, SHOWN).map((task) => `  ${taskLine(task, paint)}`),
    ...(more > 0 ? [paint(`  and ${more} more`, 'dim')] : []),
  ];
}

/** `shop/web.1  its successor starts`, with the namespace where it is not the usual one. */
function taskLine(task: NodeTask, paint: Paint): string {
  return `${slotName(task)}  ${paint(task.state, task.desired === 'run' ? 'busy' : 'dim')}${paint(about(task), 'dim')}`;
}

function about({ desired, reason }: NodeTask): string {
  if (desired !== 'run') return `  stops: ${reason ?? 'asked to'}`;
  return `  ${reason ?? 'its successor is on its way'}`;
}

/** The name of a slot as a person writes it. */
export function slotName({ namespace, app, service, slot }: Omit<NodeTask, 'task' | 'state' | 'desired'>): string {
  return `${namespace === 'default' ? '' : `${namespace}/`}${app}/${service}.${slot}`;
}
