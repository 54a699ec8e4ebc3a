import { DockerEngine } from '@tutti/engine';
import { ensureBusyboxImage } from '@tutti/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness } from './harness.js';
import { printing, saying, shell } from './shell.js';
import { SocketGate } from './socket-gate.js';

/** The docker driver against the real engine, through a gate that can cut its connections. */
export async function dockerHarness(): Promise<Harness & { engine: DockerEngine }> {
  const image = await ensureBusyboxImage();
  const folder = await mkdtemp(join(tmpdir(), 'tutti-gate-'));
  const gate = new SocketGate(join(folder, 'docker.sock'), '/var/run/docker.sock');
  await gate.open();
  const engine = await DockerEngine.connect({ host: `unix://${gate.path}` });
  return {
    engine,
    can: { images: true, connection: true, files: true },
    image,
    // Port 1 of loopback: a registry that refuses at once, wherever the tests run.
    absentImage: '127.0.0.1:1/no-such/image:1',
    programs: {
      forever: shell('trap "exit 143" TERM; sleep 3600 & wait'),
      // The first process of a container takes no signal that it does not handle.
      stubborn: { command: ['sleep', '3600'] },
      exits: (code, afterMs) => shell(`sleep ${afterMs / 1000}; exit ${code}`),
      prints: printing,
      says: saying,
      greedy: { command: ['tail', '/dev/zero'], limits: { memoryBytes: 16 * 1024 ** 2 } },
      probed: () => shell('trap "exit 143" TERM; sleep 3600 & wait'),
      impossible: { command: ['no-such-command'] },
    },
    probe: (passes) => ['CMD-SHELL', `echo probed; exit ${passes ? 0 : 1}`],
    cut: () => gate.cut(),
    mend: () => gate.open(),
    close: async () => {
      await engine.close();
      await gate.cut();
      await rm(folder, { recursive: true });
    },
  };
}
