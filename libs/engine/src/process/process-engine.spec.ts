import { jest } from '@jest/globals';
import { eventually } from '@tutti/testing';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEngine } from '../../../../test/conformance/engine/describe-engine.js';
import { Workbench, failureOf } from '../../../../test/conformance/engine/harness.js';
import { processHarness } from '../../../../test/conformance/engine/process.js';
import { shell } from '../../../../test/conformance/engine/shell.js';
import { MAX_LINE_BYTES, ProcessEngine, type ContainerConfig, type EngineEvent, type EngineLogLine } from '../index.js';
import { findCgroups } from './cgroup.js';

// The machine may be busy.
jest.setTimeout(30_000);

describeEngine('process', processHarness);

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
const withCgroups = findCgroups() === undefined ? it.skip : it;

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);
const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('process engine, as the host sees it', () => {
  let harness: Awaited<ReturnType<typeof processHarness>>;
  let bench: Workbench;
  beforeAll(async () => {
    harness = await processHarness();
  });
  beforeEach(() => {
    bench = new Workbench(harness);
  });
  afterEach(() => bench.clear());
  afterAll(() => harness.close());

  const output = async (script: string, more: Partial<ContainerConfig> = {}): Promise<EngineLogLine[]> => {
    const id = await bench.start(shell(script), more);
    const lines: EngineLogLine[] = [];
    for await (const line of harness.engine.logs(id, { follow: true })) lines.push(line);
    return lines;
  };
  const printed = async (script: string, more: Partial<ContainerConfig> = {}): Promise<string[]> =>
    (await output(script, more)).map(({ line }) => line);
  const pidOf = async (id: string): Promise<number> => (await harness.engine.inspect(id))?.pid ?? 0;

  it('hands over environment, folder and ports, and nothing of its own', async () => {
    process.env.TUTTI_TOKEN = 'secret';
    const config = {
      env: { WORDS: 'a b=c' },
      workingDir: '/tmp',
      ports: [
        { target: 80, protocol: 'tcp' as const },
        { target: 53, protocol: 'udp' as const },
      ],
    };
    const [words, folder, first, http, dns, secret] = await printed(
      'echo "$WORDS"; pwd; echo $PORT; echo $PORT_80; echo $PORT_53; echo "none: $TUTTI_TOKEN"',
      config,
    );
    delete process.env.TUTTI_TOKEN;
    expect([words, folder, secret]).toEqual(['a b=c', '/tmp', 'none: ']);
    expect(Number(http)).toBeGreaterThan(1023);
    expect(first).toBe(http);
    expect(Number(dns)).toBeGreaterThan(1023);
  });

  it('lets a program open its outputs by name', async () => {
    const script = 'echo out >/dev/stdout; echo err >/dev/stderr';
    for (const more of isRoot ? [{}, { user: '10001:10001' }] : [{}]) {
      const lines = await output(script, more);
      expect(lines.map(({ stream, line }) => [stream, line]).sort()).toEqual([
        ['stderr', 'err'],
        ['stdout', 'out'],
      ]);
    }
  });

  it('works in a folder of its own, and keeps volumes where it says', async () => {
    const mounts = [
      { type: 'volume' as const, source: bench.name('v'), target: '/var/lib/data', readOnly: false },
      { type: 'bind' as const, source: '/etc', target: '/config', readOnly: false },
      { type: 'tmpfs' as const, target: '/quick', readOnly: false },
    ];
    await harness.engine.ensureVolume({ name: mounts[0]?.source ?? '', labels: bench.labels });
    const script = 'touch here && cat $TUTTI_MOUNT_CONFIG/hostname; cd "$TUTTI_MOUNT_QUICK" && pwd';
    await printed('echo kept > "$TUTTI_MOUNT_VAR_LIB_DATA/file"', { mounts });
    expect(await printed('cat "$TUTTI_MOUNT_VAR_LIB_DATA/file"', { mounts })).toEqual(['kept']);
    const [name, quick] = await printed(script, { mounts });
    expect(name).toBe(readFileSync('/etc/hostname', 'utf8').trim());
    expect(quick).toContain(harness.root);
  });

  asRoot('runs as another user, who may use what is its own', async () => {
    const mounts = [{ type: 'volume' as const, source: bench.name('v'), target: '/data', readOnly: false }];
    const script = 'id -u; id -g; id -G; touch here "$TUTTI_MOUNT_DATA/file" && echo ok';
    expect(await printed(script, { user: '10001:10002', mounts })).toEqual(['10001', '10002', '10002', 'ok']);
    await harness.engine.ensureVolume({ name: mounts[0]?.source ?? '', labels: bench.labels });
  });

  it.each([
    [{ user: 'nobody-of-that-name' }, 'no user nobody-of-that-name'],
    [{ workingDir: 'relative' }, 'relative'],
    [{ stopSignal: 'SIGNOTHING' }, 'SIGNOTHING'],
  ])('refuses %j', async (more, words) => {
    const failure = await failureOf(bench.create(shell('true'), more));
    expect(failure).toMatchObject({ code: 'bad-config', retryable: false, message: expect.stringContaining(words) });
  });

  it('keeps the port that it has found when it starts again', async () => {
    const id = await bench.start(harness.programs.forever, { ports: [{ target: 80, protocol: 'tcp' }] });
    const { ports } = (await harness.engine.inspect(id)) ?? {};
    await harness.engine.stop(id);
    await harness.engine.start(id);
    expect((await harness.engine.inspect(id))?.ports).toEqual(ports);
  });

  it('leaves nothing behind that a process has started', async () => {
    const id = await bench.start(shell('sleep 3601 & echo $!; setsid sleep 3602 & echo $!; sleep 0.2; exit 3'));
    const children = (await bench.ended(id), await harness.engine.tailLogs(id, 10)).map(({ line }) => Number(line));
    expect(children).toHaveLength(2);
    const escaped = findCgroups() === undefined ? children.slice(0, 1) : children;
    await eventually(() => escaped.every((pid) => !isThere(pid)));
  });

  withCgroups('holds a busy process to its share of a core', async () => {
    const id = await bench.start(shell('while :; do :; done'), { limits: { cpuMillis: 200 } });
    const first = await harness.engine.stats(id);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const second = await harness.engine.stats(id);
    if (!first || !second) throw new Error('no samples of a process that runs');
    const used = (second.cpuSeconds - first.cpuSeconds) / ((Date.parse(second.at) - Date.parse(first.at)) / 1000);
    expect(used).toBeGreaterThan(0.05);
    expect(used).toBeLessThan(0.3);
  });

  withCgroups('holds a process to its number of processes', async () => {
    const lines = await printed('sleep 0.5; for i in 1 2 3 4 5 6; do sleep 1 & done; wait', { limits: { pids: 4 } });
    expect(lines.join()).toMatch(/fork/i);
  });

  it('gives a long line in pieces, nothing lost', async () => {
    const lines = await output('yes é | head -n 20000 | tr -d "\\n"; echo; echo after');
    expect(lines.at(-1)).toMatchObject({ line: 'after' });
    const pieces = lines.slice(0, -1);
    expect(pieces.map(({ line }) => line).join('')).toBe('é'.repeat(20_000));
    for (const { line } of pieces) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES);
    expect(pieces.map(({ partial }) => partial ?? false)).toEqual([true, true, false]);
  });

  it('keeps a log of bounded size, and its tail and cursors across files', async () => {
    const id = await bench.start(shell(`seq -f '%.0f ${'.'.repeat(250)}' 1 110000`));
    await bench.ended(id);
    const numberOf = ({ line }: EngineLogLine): number => Number(line.split(' ')[0]);
    const kept: number[] = [];
    let cursor = '';
    for await (const line of harness.engine.logs(id)) {
      kept.push(numberOf(line));
      if (numberOf(line) === 109_998) ({ cursor } = line);
    }
    const first = kept[0] ?? 0;
    expect(first).toBeGreaterThan(1);
    expect(kept).toEqual(Array.from({ length: 110_001 - first }, (_, n) => first + n));
    const tail = await harness.engine.tailLogs(id, 36_000);
    expect([tail.length, ...tail.slice(0, 1).map(numberOf)]).toEqual([36_000, 74_001]);
    const rest: string[] = [];
    for await (const { line } of harness.engine.logs(id, { after: cursor })) rest.push(line.slice(0, 6));
    expect(rest).toEqual(['109999', '110000']);
  });

  it('ends a process whose shim was killed, and says so', async () => {
    const seen: EngineEvent[] = [];
    const stop = harness.engine.events({ labels: bench.labels }).subscribe((event) => seen.push(event));
    const id = await bench.start(harness.programs.forever);
    const pid = await pidOf(id);
    process.kill(parentOf(pid), 'SIGKILL');
    expect(await bench.ended(id)).toMatchObject({ exitCode: 137, error: expect.stringContaining('shim') });
    stop.unsubscribe();
    expect(seen.at(-1)).toMatchObject({ type: 'die', exitCode: 137 });
    await eventually(() => !isThere(pid));
    await harness.engine.start(id);
    expect(await harness.engine.inspect(id)).toMatchObject({ state: 'running', error: undefined });
  });

  it('says so when a shim cannot work, and tries again', async () => {
    const id = await bench.create(shell('true'));
    const pipe = join(harness.root, 'containers', id, 'stdout');
    await mkdir(pipe);
    const failure = await failureOf(harness.engine.start(id));
    expect(failure).toMatchObject({
      code: 'internal',
      retryable: true,
      message: expect.stringContaining('its shim cannot work'),
    });
    await rmdir(pipe);
    await harness.engine.start(id);
    expect(await bench.ended(id)).toMatchObject({ exitCode: 0, error: undefined });
  });

  it('says what it cannot do for a process, once', async () => {
    const root = await mkdtemp(join(tmpdir(), 'tutti-processes-'));
    const warnings: string[] = [];
    const engine = await ProcessEngine.open({ root, warn: (line) => warnings.push(line) });
    const config = { image: 'host', command: ['true'], runtime: { capDrop: ['ALL'], readOnly: true, init: false } };
    for (const name of ['a', 'b']) await engine.create({ ...config, name });
    expect(warnings).toEqual(['a plain process runs without cap_drop', 'a plain process runs without read_only']);
    await engine.close();
    await rm(root, { recursive: true });
  });
});

describe('process engine that comes back', () => {
  let root: string;
  let engine: ProcessEngine;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tutti-processes-'));
    await chmod(root, 0o711);
    engine = await ProcessEngine.open({ root });
  });
  afterEach(async () => {
    for (const { id } of await engine.list()) await engine.remove(id, { force: true });
    await engine.close();
    await rm(root, { recursive: true });
  });

  const start = async (script: string, more: Partial<ContainerConfig> = {}): Promise<string> => {
    const { id } = await engine.create({ name: 'one', image: 'host', ...shell(script), ...more });
    await engine.start(id);
    return id;
  };
  const reopen = async (while_: () => Promise<void> | void = () => undefined): Promise<void> => {
    await engine.close();
    await while_();
    engine = await ProcessEngine.open({ root });
  };

  it('adopts what runs: its log, its ports, its health and its end', async () => {
    const healthcheck = { test: ['CMD', 'true'], intervalMs: 50, timeoutMs: 1000, retries: 1, startPeriodMs: 0 };
    const ports = [{ target: 80, protocol: 'tcp' as const }];
    const id = await start('trap "echo bye; exit 9" TERM; echo hello; sleep 3600 & wait', { healthcheck, ports });
    await eventually(async () => (await engine.inspect(id))?.health?.status === 'healthy');
    const before = await engine.inspect(id);
    await reopen();
    const after = await engine.inspect(id);
    expect(after).toEqual(before);
    expect(await engine.stats(id)).toMatchObject({ memoryBytes: expect.any(Number) });
    const taken = await engine.create({
      name: 'two',
      image: 'host',
      command: ['true'],
      ports: [{ target: 1, published: before?.ports[0]?.host ?? 0, protocol: 'tcp' }],
    });
    expect(await failureOf(engine.start(taken.id))).toMatchObject({ code: 'port-taken' });
    const seen: EngineEvent[] = [];
    engine.events().subscribe((event) => seen.push(event));
    await engine.stop(id);
    expect(seen.map(({ type }) => type)).toEqual(['connected', 'kill', 'die', 'stop']);
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 9 });
    expect((await engine.tailLogs(id, 10)).map(({ line }) => line)).toEqual(['hello', 'bye']);
  });

  it('finds how a process ended meanwhile', async () => {
    const id = await start('sleep 0.2; echo last words; exit 5');
    const pid = (await engine.inspect(id))?.pid ?? 0;
    await reopen(async () => {
      await eventually(() => !isThere(pid));
      await eventually(() => readFileSync(join(root, 'containers', id, 'run.json'), 'utf8').includes('exitCode'));
    });
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 5, oomKilled: false });
    expect((await engine.tailLogs(id, 1))[0]?.line).toBe('last words');
  });

  it('starts a process again and again, and finds it', async () => {
    const id = await start('exit 0');
    for (let run = 0; run < 5; run++) {
      await eventually(async () => (await engine.inspect(id))?.state === 'exited');
      await engine.start(id);
    }
    await engine.remove(id, { force: true });
    const again = await start('sleep 3600');
    process.kill((await engine.inspect(again))?.pid ?? 0, 'SIGKILL');
    await eventually(async () => (await engine.inspect(again))?.state === 'exited');
    await engine.start(again);
    const { pid } = (await engine.inspect(again)) ?? {};
    await reopen();
    expect(await engine.inspect(again)).toMatchObject({ state: 'running', pid });
  });

  it('ends a process that lost its shim meanwhile', async () => {
    const id = await start('sleep 3600');
    const pid = (await engine.inspect(id))?.pid ?? 0;
    await reopen(() => void process.kill(parentOf(pid), 'SIGKILL'));
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    await eventually(() => !isThere(pid));
  });

  it('does not take a stranger for its own: the number of a process is used again', async () => {
    const id = await start('sleep 3600');
    const path = join(root, 'containers', id, 'run.json');
    const record = JSON.parse(readFileSync(path, 'utf8')) as { process: { pid: number; startTime: string } };
    const { pid } = record.process;
    await engine.stop(id, { graceMs: 0 });
    const stranger = await engine.create({ name: 'stranger', image: 'host', ...shell('sleep 3600') });
    await engine.start(stranger.id);
    const other = (await engine.inspect(stranger.id))?.pid ?? 0;
    await reopen(async () => {
      await writeFile(path, JSON.stringify({ ...record, process: { ...record.process, pid: other } }));
    });
    expect(isThere(pid)).toBe(false);
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 255 });
    expect(await engine.inspect(stranger.id)).toMatchObject({ state: 'running', pid: other });
  });

  it('is one at a time in a folder', async () => {
    const second = await failureOf(ProcessEngine.open({ root }));
    expect(second).toMatchObject({ code: 'unavailable', message: expect.stringContaining(String(process.pid)) });
  });
});
