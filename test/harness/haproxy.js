// HAProxy configured by hand, to be measured beside ours.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Starts it with this configuration. In a session of its own, as ours is: Linux shares its cores among sessions. */
export function startHaproxy(file, text) {
  writeFileSync(file, text);
  return spawn('haproxy', ['-db', '-f', file], { stdio: 'inherit', detached: true });
}
