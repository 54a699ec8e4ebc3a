import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { EngineError } from '../port/errors.js';
import { readJson, writeJson } from './files.js';
import { isAlive, processId, type ProcessId } from './proc.js';

/** Keeps two drivers from one folder: each would take the other's work for an accident. @returns how to let go */
export function lockRoot(root: string): () => void {
  const path = join(root, 'driver.json');
  const holder = readJson<ProcessId>(path);
  if (holder && isAlive(holder) && (holder.pid !== process.pid || held.has(root))) {
    throw new EngineError('unavailable', `another agent (pid ${holder.pid}) works with the processes in ${root}`);
  }
  writeJson(path, processId(process.pid));
  held.add(root);
  return () => {
    held.delete(root);
    rmSync(path, { force: true });
  };
}

/** Of this process. */
const held = new Set<string>();
