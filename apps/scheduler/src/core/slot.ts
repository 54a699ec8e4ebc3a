import { isCurrent, isLeaving, isLive, type ServiceView, type TaskView } from './view.js';

/** One slot's tasks by what they are for. Each list is oldest first. */
export interface Slot {
  number: number;
  /** Wanted, running what is wanted now. */
  current: TaskView[];
  /** Wanted, but of an earlier spec. */
  outdated: TaskView[];
  /** Asked to go, still there. */
  leaving: TaskView[];
  /** Ended while wanted. */
  dead: TaskView[];
}

/** The slots of a service: those wanted, and those that only have tasks left. */
export function slotsOf(service: ServiceView): Slot[] {
  const slots = new Map<number, Slot>();
  const slotAt = (number: number): Slot => {
    const slot = slots.get(number) ?? { number, current: [], outdated: [], leaving: [], dead: [] };
    slots.set(number, slot);
    return slot;
  };
  for (let number = 1; number <= service.desired; number++) slotAt(number);
  for (const task of service.tasks) {
    const slot = slotAt(task.record.slot);
    if (isLeaving(task)) slot.leaving.push(task);
    else if (isLive(task)) (isCurrent(service, task) ? slot.current : slot.outdated).push(task);
    else if (task.record.target === 'run') slot.dead.push(task);
  }
  return [...slots.values()].sort((a, b) => a.number - b.number);
}
