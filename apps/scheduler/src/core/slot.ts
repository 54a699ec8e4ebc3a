import {
  hasEnded,
  hasFailed,
  isCurrent,
  isDisplaced,
  isLeaving,
  isLive,
  isScout,
  isSpent,
  isStranded,
  type ServiceView,
  type TaskView,
} from './view.js';

/** One slot's tasks by what they are for. Each list is oldest first. */
export interface Slot {
  number: number;
  /** Whether the service is to have a task here. */
  wanted: boolean;
  /** The node that the slot belongs to, where the service runs on each. */
  node?: string;
  /** Wanted, running what is wanted now. */
  current: TaskView[];
  /** The same, but on a node that they are to leave. */
  displaced: TaskView[];
  /** Wanted, but of an earlier spec. */
  outdated: TaskView[];
  /** Wanted, on a node that is down. */
  stranded: TaskView[];
  /** Asked to go, still there. */
  leaving: TaskView[];
  /** Ended while wanted, or stopped because it was unhealthy. */
  dead: TaskView[];
  /** The one that brings, or has brought, the image of the task to come to its node. */
  scouts: TaskView[];
  /** Asked to go, and gone. */
  gone: TaskView[];
  /** The last of these that went so that another can start elsewhere. */
  movedAway?: TaskView | undefined;
}

/** The last task of a slot that has failed, be it still on its way out. */
export const lastFailed = ({ leaving, dead }: Slot): TaskView | undefined =>
  [...leaving.filter(({ record }) => record.condemned), ...dead].at(-1);

/** The slots of a service: those wanted, and those that only have tasks left. */
export function slotsOf(service: ServiceView): Slot[] {
  const slots = new Map<number, Slot>();
  const slotAt = (number: number): Slot => {
    const slot = slots.get(number) ?? emptySlot(number);
    slots.set(number, slot);
    return slot;
  };
  if (service.hosts) {
    for (const [node, number] of numbersOf(service.hosts, service.tasks)) {
      Object.assign(slotAt(number), { wanted: true, node });
    }
  } else {
    for (let number = 1; number <= service.desired; number++) slotAt(number).wanted = true;
  }
  for (const task of service.tasks) {
    const list = listOf(service, task);
    if (list) slotAt(task.record.slot)[list].push(task);
  }
  return [...slots.values()].sort((a, b) => a.number - b.number);
}

const emptySlot = (number: number): Slot => ({
  number,
  wanted: false,
  ...{ current: [], displaced: [], outdated: [], stranded: [], leaving: [], dead: [], scouts: [], gone: [] },
});

type List = 'current' | 'displaced' | 'outdated' | 'stranded' | 'leaving' | 'dead' | 'scouts' | 'gone';

function listOf(service: ServiceView, task: TaskView): List | undefined {
  if (isScout(task)) return hasFailed(task) ? 'dead' : 'scouts';
  // What was stopped because it was unhealthy has failed: its successor waits as after any other failure.
  const wasSick = task.record.condemned === true && !task.record.orphaned;
  if (task.record.target !== 'run' && isSpent(task)) return wasSick ? 'dead' : 'gone';
  if (isLeaving(task)) return 'leaving';
  if (isStranded(task)) return 'stranded';
  if (hasEnded(task)) return task.record.target === 'run' ? 'dead' : undefined;
  if (!isLive(task)) return undefined;
  if (!isCurrent(service, task)) return 'outdated';
  return isDisplaced(task) ? 'displaced' : 'current';
}

/** Each node's slot: that of its task, else the lowest number that nobody has. */
function numbersOf(hosts: readonly string[], tasks: readonly TaskView[]): Map<string, number> {
  const taken = new Map<string, number>();
  const used = new Set<number>();
  for (const { record } of tasks) {
    if (record.target !== 'run' || taken.has(record.node) || used.has(record.slot)) continue;
    taken.set(record.node, record.slot);
    used.add(record.slot);
  }
  let next = 1;
  const free = (): number => {
    while (used.has(next)) next++;
    used.add(next);
    return next;
  };
  return new Map(hosts.map((node) => [node, taken.get(node) ?? free()]));
}
