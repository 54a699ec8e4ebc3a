import { readdirSync, readFileSync } from 'node:fs';

/** A process for good: its number alone is soon another's. */
export interface ProcessId {
  pid: number;
  /** When it started, in ticks of this boot; and which boot that was. */
  startTime: string;
}

/** Fields of `/proc/PID/stat` after the program's name, counted from the state. */
const SESSION = 3;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const START_TIME = 19;
const RESIDENT_PAGES = 21;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Undefined where there is no such process, or it has ended and only waits to be noticed. */
function statOf(pid: number | string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A program's name may have blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields;
  } catch {
    return undefined;
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

export function processId(pid: number): ProcessId {
  return { pid, startTime: `${statOf(pid)?.[START_TIME] ?? 'gone'}@${bootId()}` };
}

/** Whether exactly this process is there. */
export function isAlive({ pid, startTime }: ProcessId): boolean {
  return statOf(pid) !== undefined && processId(pid).startTime === startTime;
}

/** Sends a signal to a process or, with a negative number, to a group; what is gone is left in peace. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What the processes of a session use, where no cgroup counts it. */
export function useOfSession(session: number): { cpuSeconds: number; memoryBytes: number } {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf)
    .filter((stat) => stat !== undefined)
    .filter((stat) => Number(stat[SESSION]) === session);
  const sum = (...fields: number[]): number =>
    stats.reduce((total, stat) => total + fields.reduce((part, field) => part + Number(stat[field]), 0), 0);
  return {
    cpuSeconds: sum(USER_TICKS, SYSTEM_TICKS) / TICKS_PER_SECOND,
    memoryBytes: sum(RESIDENT_PAGES) * PAGE_BYTES,
  };
}
