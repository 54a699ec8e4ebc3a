import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 50;

/** Whether a process of this number runs and, where the system shows command lines, has `mark` in its own. */
export function runs(pid: number, mark: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // The number of a process that is gone is soon another's. A zombie has no command line.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(mark);
  } catch {
    return process.platform !== 'linux';
  }
}

/** Sends SIGTERM, waits, and after `graceMs` SIGKILL; returns when it is gone. @returns whether it ran */
export async function terminate(pid: number, mark: string, graceMs: number): Promise<boolean> {
  const deadline = Date.now() + graceMs;
  if (!runs(pid, mark)) return false;
  process.kill(pid, 'SIGTERM');
  // Not a child of ours: there is nothing to wait on but to look again.
  while (runs(pid, mark)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(LOOK_MS);
  }
  return true;
}
