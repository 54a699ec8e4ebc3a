// Processes by their number: whether they run, what they hold, how to end them.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS_PER_SECOND = 100;

/** Whether it runs; a zombie does not. */
export function isRunning(pid) {
  try {
    return !/^\S+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The processes that have `mark` in their command line. */
export function running(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandOf(name).includes(mark))
    .map(Number);
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function kill(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Asks it to end, and ends it after `graceMs`. */
export async function end(pid, graceMs = 15_000) {
  kill(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (isRunning(pid)) {
    if (Date.now() > deadline) kill(pid);
    await sleep(25);
  }
}

/** Resident and proportional memory in MB, CPU time since its start in seconds. */
export function resources(pid) {
  const kilobytes = (file, name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return {
    rssMb: kilobytes('status', 'VmRSS') / 1024,
    pssMb: kilobytes('smaps_rollup', 'Pss') / 1024,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

/** The share of all processors' time that was used in the next `ms`. */
export async function machineLoad(ms) {
  const before = machineTimes();
  await sleep(ms);
  const after = machineTimes();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function machineTimes() {
  const times = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return { idle: times[3] + times[4], all: times.slice(0, 8).reduce((sum, time) => sum + time, 0) };
}

/** Waits until the machine uses less than `share` of its processors, at most `timeoutMs`; returns the last load. */
export async function untilIdle({ share = 0.25, timeoutMs = 15_000 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const load = await machineLoad(500);
    if (load < share || Date.now() > deadline) return load;
  }
}
