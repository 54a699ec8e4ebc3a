import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the processes of a node are kept where nobody says otherwise. Root's own folders are closed to other users, as
 * which its processes may run, so it has them elsewhere.
 */
export function processRoot(cluster: string, node: string): string {
  const base = process.getuid?.() === 0 ? '/var/lib/tutti' : join(homedir(), '.tutti');
  return join(base, 'processes', `${cluster}-${node}`);
}

/** Whether an engine of plain processes has something there that it has to look after. */
export function hasProcesses(root: string): boolean {
  try {
    return readdirSync(join(root, 'containers')).length > 0;
  } catch {
    return false;
  }
}
