import type { Backend } from './layout.js';
import type { Member, Wanted } from './members.js';
import type { ServerState } from './readings.js';
import { withPort } from './safe.js';
import { serverWords } from './server-words.js';
import { ANY_PORT } from './virtual.js';

/** A server of a backend: made once, given to one task after another, never deleted. */
export interface Slot {
  name: string;
  backup: boolean;
  /** Whose it is; {@link UNKNOWN}: of a task from before this agent began; absent: free. */
  task?: string;
  address: string;
  port: number;
  weight: number;
  state: 'ready' | 'drain' | 'maint';
  /** The version under which its requests are counted; absent: they are not. */
  digest?: string;
}

/** The servers of one backend in one process of HAProxy. The first free one is taken first. */
export type Table = readonly Slot[];

export const UNKNOWN = '?';

/** What to tell HAProxy, and the table once it has done that. */
export interface Step {
  lines: string[];
  table: Table;
}

/** How a backend's servers have to change, first those that come, then those that go: so there is always one. */
export function step(table: Table, wanted: Wanted, backend: Backend): Step {
  const kept = table.map((slot) => keep(slot, wanted));
  const placed = new Set(kept.map(({ task }) => task));
  const comers = [...wanted.members].filter(([task]) => !placed.has(task));
  const free = kept.filter(({ task }) => task === undefined);
  const came = comers.map(([task, member]) => take(task, member, pick(free, member)));
  return fold(table, { kept, came, backend });
}

/** Takes the first of its kind out of those that are free. */
function pick(free: Slot[], { backup }: Member): Slot | undefined {
  const index = free.findIndex((slot) => slot.backup === backup);
  return index < 0 ? undefined : free.splice(index, 1)[0];
}

/** What becomes of a server whose task is, or is no longer, as it was. */
function keep(slot: Slot, { members, leaving }: Wanted): Slot {
  if (slot.task === undefined) return slot;
  const member = members.get(slot.task);
  if (member && isAt(slot, member)) {
    const { digest: _before, ...plain } = slot;
    const { weight, digest } = member;
    return { ...plain, weight, state: 'ready', ...(digest !== undefined && { digest }) };
  }
  if (!member && leaving.has(slot.task)) return { ...slot, state: 'drain' };
  // Whose it was is not known, and something that is about to be stopped may be behind it.
  if (slot.task === UNKNOWN && leaving.size > 0) return { ...slot, state: 'drain' };
  const { task: _task, digest: _digest, ...free } = slot;
  return { ...free, state: 'maint' };
}

const isAt = ({ address, port, backup }: Slot, member: Member): boolean =>
  address === member.address && port === member.port && backup === member.backup;

interface Taken {
  /** Absent: a new one. */
  name?: string;
  task: string;
  member: Member;
}

const take = (task: string, member: Member, slot: Slot | undefined): Taken => ({
  ...(slot && { name: slot.name }),
  task,
  member,
});

function fold(before: Table, { kept, came, backend }: { kept: Slot[]; came: Taken[]; backend: Backend }): Step {
  const was = new Map(before.map((slot) => [slot.name, slot]));
  const adding: string[] = [];
  const taken = new Map<string, Slot>();
  let fresh = before.length;
  for (const { name, task, member } of came) {
    const slot: Slot = { name: name ?? slotName(member, ++fresh), task, ...member, state: 'ready' };
    taken.set(slot.name, slot);
    adding.push(...(was.has(slot.name) ? occupy(backend, slot) : add(backend, slot)));
  }
  const stayed = kept.filter(({ name }) => !taken.has(name));
  // Those that have just been freed go behind those that have long been free.
  const isFreed = (slot: Slot): boolean => slot.task === undefined && was.get(slot.name)?.task !== undefined;
  const going = stayed.flatMap((slot) => change(backend, slot, was.get(slot.name)));
  const table = [...stayed.filter((slot) => !isFreed(slot)), ...taken.values(), ...stayed.filter(isFreed)];
  return { lines: [...adding, ...going], table };
}

/** Tells what HAProxy does not show: whether it is a backup. */
const slotName = ({ backup }: Pick<Slot, 'backup'>, index: number): string => `${backup ? 'b' : 's'}${index}`;

const at = (backend: Backend, { name }: Slot): string => `${backend.name}/${name}`;

const occupy = (backend: Backend, slot: Slot): string[] => [
  `set server ${at(backend, slot)} addr ${slot.address}${slot.port === 0 ? '' : ` port ${slot.port}`}`,
  `set server ${at(backend, slot)} weight ${slot.weight}`,
  `set server ${at(backend, slot)} state ready`,
];

function add(backend: Backend, slot: Slot): string[] {
  const words = [...serverWords(backend), ...(slot.backup ? ['backup'] : [])].join(' ');
  const { address, port, weight } = slot;
  return [
    `add server ${at(backend, slot)} ${withPort({ address, port })} weight ${weight} ${words}`,
    `enable health ${at(backend, slot)}`,
    `set server ${at(backend, slot)} state ready`,
  ];
}

function change(backend: Backend, slot: Slot, was: Slot | undefined): string[] {
  if (!was) return [];
  return [
    ...(slot.weight === was.weight ? [] : [`set server ${at(backend, slot)} weight ${slot.weight}`]),
    ...(slot.state === was.state ? [] : [`set server ${at(backend, slot)} state ${slot.state}`]),
  ];
}

/** The servers that a process of HAProxy begins with: those of the tasks, and free ones for those to come. */
export function freshTable({ members }: Wanted, { options, target }: Backend): Table {
  const all = [...members].map(([task, member]): Omit<Slot, 'name'> => ({ task, ...member, state: 'ready' }));
  const spare = Math.max(4, Math.ceil(all.length / 2));
  const free = (backup: boolean): Omit<Slot, 'name'>[] =>
    Array.from({ length: spare }, () => ({
      backup,
      address: '0.0.0.0',
      port: target === ANY_PORT ? 0 : 1,
      weight: 100,
      state: 'maint' as const,
    }));
  return [...all, ...free(false), ...(options.zoneFirst ? free(true) : [])].map((slot, index) => ({
    name: slotName(slot, index + 1),
    ...slot,
  }));
}

/** The table of a backend in a process that an agent before this one told things: by address, since HAProxy knows no tasks. */
export function foundTable(servers: readonly ServerState[], { members }: Wanted): Table {
  const tasks = new Map([...members].map(([task, member]) => [placeText(member), task]));
  return servers.map(({ name, address, port, weight, state }) => {
    const slot = { name, backup: name.startsWith('b'), address, port, weight, state };
    if (state === 'maint') return slot;
    const task = tasks.get(placeText({ ...slot })) ?? UNKNOWN;
    const digest = members.get(task)?.digest;
    return { ...slot, task, ...(digest !== undefined && { digest }) };
  });
}

const placeText = ({ address, port, backup }: Pick<Slot, 'address' | 'port' | 'backup'>): string =>
  `${address} ${port} ${backup}`;

/** Whether requests to any of its servers are counted. */
export const isCounted = (table: Table | undefined): boolean =>
  table?.some(({ digest }) => digest !== undefined) === true;

/** Whether HAProxy shows a backend as the table says. */
export function isAsShown(table: Table, servers: readonly ServerState[]): boolean {
  const shown = new Map(servers.map((server) => [server.name, server]));
  return table.every((slot) => {
    const server = shown.get(slot.name);
    if (server?.state !== slot.state) return false;
    return slot.state === 'maint' || (placeOf(server) === placeOf(slot) && server.weight === slot.weight);
  });
}

const placeOf = ({ address, port }: Pick<Slot, 'address' | 'port'>): string => `${address} ${port}`;
