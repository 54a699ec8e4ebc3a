import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { eventually, natsProgram } from '@tutti/testing';
import { freePort } from '@tutti/bus';
import { dataDir, readJson, readPid } from './data-dir.js';
import { runs } from './processes.js';

// A whole control plane on a real nats-server and this machine's Docker Engine, with nothing deployed on it.
const MAIN = resolve(process.cwd(), 'apps/cli/dist/main.js');
const home = mkdtempSync(join(tmpdir(), 'tutti-up-'));
const data = dataDir(join(home, 'data'));
const env = {
  ...process.env,
  HOME: home,
  XDG_CONFIG_HOME: join(home, 'config'),
  PATH: [resolve(natsProgram(), '..'), process.env.PATH].join(delimiter),
};
const started: ChildProcess[] = [];
let natsPort: number;

function tutti(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

async function up(...args: string[]): Promise<{ child: ChildProcess; out: () => string; url: string }> {
  const child = spawn(process.execPath, [MAIN, 'up', '--data', data.root, '--port', '0', ...args], { env });
  started.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  const url = await eventually(() => /^ready (http:\S+)$/m.exec(out)?.[1], {
    timeoutMs: 60_000,
    describe: () => ({ out, err, code: child.exitCode }),
  });
  return { child, out: () => out, url };
}

beforeAll(async () => {
  natsPort = await freePort();
});

afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  tutti('down', '--data', data.root);
  rmSync(home, { recursive: true, force: true });
});

test('up comes up, keeps its secrets, writes the context and is the only one on its folder', async () => {
  const { url } = await up('--nats-port', String(natsPort));
  const context = join(home, 'config/tutti/context.json');
  for (const path of [context, data.token, join(data.credentials, 'policy.creds')]) {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
  expect(readJson(context, {})).toEqual({ endpoint: url, token: readFileSync(data.token, 'utf8').trim() });
  expect(tutti('ps', '--format', 'json')).toEqual({ code: 0, out: '[]\n', err: '' });
  expect(tutti('status')).toMatchObject({ code: 0, out: expect.stringMatching(/Cluster +healthy/) });
  const second = tutti('up', '--data', data.root, '--port', '0');
  expect(second.code).toBe(1);
  expect(second.err).toMatch(/runs on .* already \(pid \d+\): `tutti down` stops it/);
}, 90_000);

test('a killed nats-server is started again on its port, and the services find it', async () => {
  const before = readPid(data.natsPid) ?? 0;
  process.kill(before, 'SIGKILL');
  await eventually(() => (readPid(data.natsPid) ?? before) !== before, { timeoutMs: 20_000 });
  await eventually(() => tutti('status').code === 0, { timeoutMs: 30_000 });
  // It is written down once the new one has answered its supervisor, which may be after it has answered us.
  const written = (): number | undefined => readJson<Record<string, number>>(data.pids, {})['nats-server'];
  await eventually(() => written() === readPid(data.natsPid), { describe: written });
}, 90_000);

test('the up after a killed one adopts its nats-server; down stops both', async () => {
  const nats = readPid(data.natsPid);
  const [first] = started;
  first?.kill('SIGKILL');
  await once(first as ChildProcess, 'exit');
  const { child, out } = await up();
  expect(out()).toContain(`nats-server adopted at nats://127.0.0.1:${natsPort} (pid ${nats})`);
  expect(tutti('down', '--data', data.root)).toEqual({ code: 0, out: `stopped (pid ${child.pid})\n`, err: '' });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(runs(nats ?? 0, 'nats.conf')).toBe(false);
  expect(tutti('down', '--data', data.root).out).toBe(`nothing ran on ${data.root}\n`);
}, 90_000);

test('a taken port is said before anything is started', async () => {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { code, err } = tutti('up', '--data', data.root, '--port', String(port));
  server.close();
  expect({ code, err }).toEqual({
    code: 1,
    err: `tutti: port ${port} on 127.0.0.1 cannot be listened on: choose another with --port\n`,
  });
}, 30_000);
