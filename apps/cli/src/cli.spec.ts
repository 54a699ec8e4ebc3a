import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// The command as people call it: a process of its own, with no control plane anywhere.
const MAIN = resolve(process.cwd(), 'apps/cli/dist/main.js');
const home = mkdtempSync(join(tmpdir(), 'tutti-cli-'));
afterAll(() => rmSync(home, { recursive: true }));

function tutti(args: string[], { env = {}, input = '' } = {}): { code: number | null; out: string; err: string } {
  const { PATH = '' } = process.env;
  const options = { cwd: home, env: { PATH, HOME: home, ...env }, input, encoding: 'utf8' as const };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], options);
  return { code: status, out: stdout, err: stderr };
}

test.each([
  [['ps', '--bogus'], /unknown option '--bogus'/],
  [['dance'], /unknown command 'dance'/],
  [['scale', 'shop'], /APP\/SERVICE=N/],
  [['ps', '--filter', 'colour=red'], /KEY=VALUE with a key of this list/],
  [['ps', '--format', 'xml'], /Allowed choices are table, json/],
  [['events', '--since', 'yesterday'], /is not a moment/],
  [['inspect', 'shop'], /is not KIND\/NAME/],
  [['rollback', 'shop', '--to', '0'], /whole number/],
])('%j is a usage error', (args, reason) => {
  const { code, out, err } = tutti(args);
  expect({ code, out }).toEqual({ code: 64, out: '' });
  expect(err).toMatch(reason);
});

test('without a server, one sentence says what to do', () => {
  const unknown = tutti(['ps']);
  expect(unknown.code).toBe(1);
  expect(unknown.err).toMatch(/^tutti: no control plane is known here: start one with `tutti up`.*\n$/);
  const refused = tutti(['ps', '--endpoint', 'http://127.0.0.1:1', '--token', 'x']);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/^tutti: no Tutti answers at http:\/\/127.0.0.1:1 \(nothing listens there\).*\n$/);
});

test('an error of plan is 255, because 1 says that there are changes', () => {
  expect(tutti(['plan']).code).toBe(255);
});

test('a file with faults is refused before anything is asked, every fault with its path', () => {
  const input = 'services:\n  a: {image: "${MISSING:?set it}", environment: {X: "${ALSO:?this, too}"}}\n';
  const { code, err } = tutti(['deploy', '-f', '-', 'shop', '--endpoint', '127.0.0.1:1'], { input });
  expect(code).toBe(1);
  expect(err).toMatch(/services\.a\.image: .*set it/);
  expect(err).toMatch(/services\.a\.environment\.X: .*this, too/);
});

test('help, version and completion go to standard output', () => {
  expect(tutti(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
  expect(tutti(['--help']).out).toMatch(/What happens, and why:/);
  expect(tutti(['help', 'deploy']).out).toMatch(/--strict[\s\S]*Examples:/);
  for (const shell of ['bash', 'zsh', 'fish']) expect(tutti(['completion', shell]).out).toMatch(/__complete/);
  expect(tutti(['__complete', '--', 'd']).out.split('\n')).toEqual(expect.arrayContaining(['deploy', 'down']));
  expect(tutti(['__complete', '--', 'ps', '--']).out.split('\n')).toEqual(
    expect.arrayContaining(['--filter', '--format']),
  );
});
