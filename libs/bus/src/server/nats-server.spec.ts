import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsProgram } from '@tutti/testing';
import { startNatsServer } from './nats-server.js';

jest.setTimeout(30_000);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tutti-nats-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A program that notes its number and then does what `script` says. */
function programThat(script: string): string {
  const file = join(dir, 'program');
  writeFileSync(file, `#!/bin/sh\necho $$ > ${join(dir, 'pid')}\n${script}\n`, { mode: 0o755 });
  return file;
}

function isRunning(): boolean {
  try {
    return process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 0);
  } catch {
    return false;
  }
}

test('one that does not answer in its time is ended', async () => {
  const program = programThat('exec sleep 60');
  await expect(startNatsServer({ dir, program, readyMs: 300 })).rejects.toMatchObject({ code: 'unavailable' });
  expect(isRunning()).toBe(false);
});

test('one that is killed while it starts is told of at once', async () => {
  const began = performance.now();
  await expect(startNatsServer({ dir, program: programThat('kill -9 $$') })).rejects.toThrow('ended by SIGKILL');
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('one whose port another server holds is not taken for that one', async () => {
  const program = natsProgram();
  const first = await startNatsServer({ dir: join(dir, 'a'), program });
  const port = Number(new URL(first.url).port);
  await expect(startNatsServer({ dir: join(dir, 'b'), program, port })).rejects.toThrow(
    /cannot listen on 127.0.0.1:.*EADDRINUSE/,
  );
  await first.stop();
});
