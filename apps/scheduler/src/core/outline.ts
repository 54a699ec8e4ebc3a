import type { Outline, OutlineStep } from '@tutti/model';
import type { AppView, ServiceView } from './view.js';
import type { Nodes } from './node-view.js';
import { servicesOf } from './view.js';
import { effectiveOrder } from './update.js';
import { homeOf } from './moves.js';
import { slotsOf, type Slot } from './slot.js';
import { inWaves } from './waves.js';
import { placeWishes } from './placing.js';
import { noDecisions, type Decisions, type Wish } from './decisions.js';

type Step = Omit<OutlineStep, 'wave'>;

/** All that a deploy would do in the end, whatever the order and the waits in between. */
export function outline(view: AppView, nodes: Nodes, now: number): Outline {
  const services = new Map(servicesOf(view, nodes).map((service) => [service.name, service]));
  const steps: Step[] = [];
  const decided = new Map([...services].map(([name, service]) => [name, wishesOf(service, steps)]));
  const placed = placeWishes(view, nodes, { services, decided, now, most: Infinity });
  const nameOf = ({ service, slot }: { service: string; slot: number }): string => `${service}.${slot}`;
  const made = new Map(steps.flatMap((step) => (step.action === 'remove' ? [] : [[nameOf(step), step] as const])));
  for (const task of placed.create) {
    const step = made.get(nameOf(task));
    if (step) step.node = task.node;
  }
  return {
    steps: inWaves(steps, services),
    pending: placed.delays.map(({ service, slot, reason }) => ({ service, slot, reason })),
  };
}

function wishesOf(service: ServiceView, steps: Step[]): Decisions {
  const decisions = noDecisions();
  for (const slot of slotsOf(service)) {
    const step = stepOf(service, slot);
    if (!step) continue;
    steps.push(step);
    if (step.action === 'remove') continue;
    const frees =
      service.spec && effectiveOrder(service, slot.outdated) === 'stop-first'
        ? [...slot.outdated, ...slot.dead]
        : slot.dead;
    const wish: Wish = {
      service: service.name,
      slot: slot.number,
      cause: step.reason,
      failures: 0,
      frees,
      ...homeOf(service, slot),
    };
    decisions.wishes.push(wish);
  }
  return decisions;
}

function stepOf(service: ServiceView, slot: Slot): Step | undefined {
  const base = { service: service.name, slot: slot.number };
  const [live] = [...slot.current, ...slot.displaced, ...slot.stranded, ...slot.outdated];
  if (!slot.wanted) {
    if (!live) return undefined;
    const reason = service.spec ? `${service.desired} replicas wanted` : 'the service is no longer in the file';
    return { ...base, action: 'remove', task: live.record.task, node: live.record.node, reason };
  }
  if (slot.current.length + slot.displaced.length + slot.stranded.length > 0) return undefined;
  if (!live) return { ...base, action: 'create', reason: 'the slot is empty' };
  const order = effectiveOrder(service, slot.outdated);
  const forced = order === 'stop-first' && service.spec?.update.order === 'start-first';
  const why = forced ? 'its spec changed; stopped first, since it holds a port of its host' : 'its spec changed';
  return { ...base, action: 'replace', task: live.record.task, order, reason: why };
}
