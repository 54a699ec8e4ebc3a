// The shim of one process: it outlives the agent, and its record is what the next agent finds.
import { basename } from 'node:path';
import { containerFolder, readJson } from '../files.js';
import type { RunRequest } from '../protocol.js';
import { Listeners } from './listeners.js';
import { Supervisor } from './supervisor.js';

const folder = containerFolder(process.argv[2] ?? '.');
process.chdir(folder.root);
const request = readJson<RunRequest>(folder.request);
if (!request) throw new Error(`${folder.request} cannot be read`);

const listeners: Listeners = new Listeners(
  ({ signal }) => supervisor.signal(signal),
  () => supervisor.now(),
);
const supervisor = new Supervisor(folder, request, (word) => listeners.tell(word));
// Who asks the shim to end means its process.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => supervisor.signal(signal));
process.on('SIGHUP', () => undefined);

await listeners.listen(basename(folder.socket));
try {
  await supervisor.supervise();
} catch (error) {
  // What cannot be recorded must not run: nobody would find it.
  console.error(error);
  supervisor.signal('SIGKILL');
  listeners.tell({ say: 'failed', code: 'internal', message: `its shim cannot work: ${String(error)}` });
}
listeners.close();
