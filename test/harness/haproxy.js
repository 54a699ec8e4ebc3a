// HAProxy configured by hand, to be measured beside ours.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * Starts it with this configuration. In a session of its own, as ours is: Linux shares its cores among sessions.
 * @param {{ priority?: number }} options as `nice` has it, of the process and of its session
 */
export function startHaproxy(file, text, { priority = 0 } = {}) {
  writeFileSync(file, text);
  const words = ['-n', String(priority), 'haproxy', '-db', '-f', file];
  const child = spawn('nice', words, { stdio: 'inherit', detached: true });
  if (priority !== 0) writeFileSync(`/proc/${child.pid}/autogroup`, String(priority));
  return child;
}
