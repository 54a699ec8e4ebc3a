import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerLimits } from '../port/container.js';
import { fieldOf, memoryInUse, settingsFor, type CgroupVersion } from './core/cgroup-files.js';
import { send } from './proc.js';

const MOUNT = '/sys/fs/cgroup';
/** All of ours are in one group. */
const OURS = 'tutti';
/** Shims are in a group of their own: outside that of the agent's service, with which they would be stopped. */
const SHIMS = 'shims';
const CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids'] as const;

/** Where a group of processes is: a folder for each controller; of version 2, the same for all. */
export interface CgroupPlace {
  version: CgroupVersion;
  id: string;
  /** Most processes at once; absent: no limit. */
  pids?: number;
}

/** Groups that this host lets us make; undefined where it does not. */
export function findCgroups(): CgroupVersion | undefined {
  const version = existsSync(join(MOUNT, 'cgroup.controllers')) ? 2 : 1;
  try {
    if (version === 2) {
      mkdirSync(join(MOUNT, OURS), { recursive: true });
      for (const parent of [MOUNT, join(MOUNT, OURS)])
        writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu +memory +pids');
    }
    for (const folder of foldersOf({ version, id: SHIMS })) mkdirSync(folder, { recursive: true });
    return version;
  } catch {
    return undefined;
  }
}

function folderOf({ version, id }: CgroupPlace, controller: (typeof CONTROLLERS)[number]): string {
  return version === 2 ? join(MOUNT, OURS, id) : join(MOUNT, controller, OURS, id);
}

function foldersOf(place: CgroupPlace): string[] {
  return [...new Set(CONTROLLERS.map((controller) => folderOf(place, controller)))];
}

/** Makes the group and sets its limits. @throws where the kernel refuses one */
export function makeCgroup(place: CgroupPlace, limits: ContainerLimits): void {
  // One that was left behind has the limits of before, which may be in the way of these.
  removeCgroup(place);
  for (const folder of foldersOf(place)) mkdirSync(folder, { recursive: true });
  for (const { controller, file, value, optional } of settingsFor(place.version, limits)) {
    const path = join(folderOf(place, controller), file);
    if (!optional || existsSync(path)) writeFileSync(path, value);
  }
}

/** @param besides how many of others are in the group for now */
function limitPids(place: CgroupPlace, besides: number): void {
  const { pids } = place;
  if (pids !== undefined) writeFileSync(join(folderOf(place, 'pids'), 'pids.max'), String(pids + besides));
}

function enter(place: CgroupPlace): void {
  for (const folder of foldersOf(place)) writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
}

/** Runs `begin` so that the processes it starts are in the group from their first instruction on; we are not. */
export function inCgroup<T>(place: CgroupPlace | undefined, begin: () => T): T {
  if (!place) return begin();
  // While we are in there, our own threads count.
  limitPids(place, readdirSync('/proc/self/task').length);
  enter(place);
  try {
    return begin();
  } finally {
    enter({ ...place, id: SHIMS });
    limitPids(place, 0);
  }
}

/** How often the kernel ended a process of the group for want of memory. */
export function oomKills(place: CgroupPlace): number {
  const file = place.version === 1 ? 'memory.oom_control' : 'memory.events';
  return fieldOf(read(folderOf(place, 'memory'), file), 'oom_kill');
}

/** Undefined where there is no such group. */
export function useOf(place: CgroupPlace): { cpuSeconds: number; memoryBytes: number } | undefined {
  const { version } = place;
  const memory = folderOf(place, 'memory');
  if (!existsSync(memory)) return undefined;
  const usage = read(memory, version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
  const cpuSeconds =
    version === 1
      ? Number(read(folderOf(place, 'cpuacct'), 'cpuacct.usage')) / 1e9
      : fieldOf(read(memory, 'cpu.stat'), 'usage_usec') / 1e6;
  return { cpuSeconds, memoryBytes: memoryInUse(version, usage, read(memory, 'memory.stat')) };
}

/** Ends whatever is in the group, also what has left its parents. */
export function killCgroup(place: CgroupPlace): void {
  const pids = read(folderOf(place, 'pids'), 'cgroup.procs').split('\n').filter(Boolean);
  for (const pid of pids) send(Number(pid), 'SIGKILL');
}

/** A group that still has a process, if only one about to vanish, stays, and is used again at the next start. */
export function removeCgroup(place: CgroupPlace): void {
  for (const folder of foldersOf(place)) {
    try {
      rmdirSync(folder);
    } catch {
      // Gone, or not yet empty.
    }
  }
}

function read(folder: string, file: string): string {
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return '';
  }
}
