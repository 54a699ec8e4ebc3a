import { ProcessEngine } from '@tutti/engine';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness } from './harness.js';
import { printing, saying, shell } from './shell.js';

/** The process driver on this host; its root is a folder of its own. */
export async function processHarness(): Promise<Harness & { engine: ProcessEngine; root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'tutti-processes-'));
  // Processes of other users pass through it.
  await chmod(root, 0o711);
  const engine = await ProcessEngine.open({ root });
  return {
    engine,
    root,
    can: { images: false, connection: false, files: false },
    image: 'host',
    absentImage: 'no-such/image:1',
    programs: {
      forever: shell('trap "exit 143" TERM; sleep 3600 & wait'),
      stubborn: shell('trap "" TERM; sleep 3600'),
      exits: (code, afterMs) => shell(`sleep ${afterMs / 1000}; exit ${code}`),
      prints: printing,
      says: saying,
      greedy: { command: ['tail', '/dev/zero'], limits: { memoryBytes: 16 * 1024 ** 2 } },
      probed: () => shell('trap "exit 143" TERM; sleep 3600 & wait'),
      impossible: { command: ['no-such-command'] },
    },
    probe: (passes) => ['CMD-SHELL', `echo probed; exit ${passes ? 0 : 1}`],
    // There is nothing between the engine and who asks it.
    cut: () => undefined,
    mend: () => undefined,
    close: async () => {
      await engine.close();
      await rm(root, { recursive: true });
    },
  };
}
