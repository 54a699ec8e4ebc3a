import { formatBytes, type ExitEvidence } from '@tutti/model';

/** Signals that end processes, by number on Linux (signal(7)). */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

/** Codes that shells and the engine use for a command that never ran. */
const SPECIAL: Record<number, string> = {
  0: 'it ended by itself',
  125: 'the engine could not run it',
  126: 'its command cannot be executed',
  127: 'its command was not found',
};

/** `exit code 137: killed by SIGKILL`, `out of memory: limit 64 MiB`. @param memoryLimit in bytes, where known */
export function exitCause({ code, oom, reason }: ExitEvidence, memoryLimit?: number): string {
  if (reason !== undefined) return reason;
  if (oom) return memoryLimit ? `out of memory: limit ${formatBytes(memoryLimit)}` : 'out of memory';
  if (code === null) return 'its container vanished';
  const signal = SIGNALS[code - 128];
  const meaning = SPECIAL[code] ?? (signal && `killed by ${signal}`);
  return meaning ? `exit code ${code}: ${meaning}` : `exit code ${code}`;
}
