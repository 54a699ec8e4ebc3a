import { jest } from '@jest/globals';
import Docker from 'dockerode';
import { randomInt } from 'node:crypto';
import { dockerHarness } from '../../../../test/conformance/engine/docker.js';
import { describeEngine } from '../../../../test/conformance/engine/describe-engine.js';
import { Workbench, type Harness } from '../../../../test/conformance/engine/harness.js';
import { MAX_LINE_BYTES, type EngineLogLine } from '../index.js';

// Containers take a while to come and go, and the machine may be busy.
jest.setTimeout(60_000);

describeEngine('docker', dockerHarness);

describe('docker engine, as Docker itself sees it', () => {
  const docker = new Docker();
  let harness: Harness;
  let bench: Workbench;
  beforeAll(async () => {
    harness = await dockerHarness();
  });
  beforeEach(() => {
    bench = new Workbench(harness);
  });
  afterEach(() => bench.clear());
  afterAll(() => harness.close());

  const output = async (script: string, more = {}): Promise<EngineLogLine[]> => {
    const id = await bench.start({ command: ['sh', '-c', script] }, more);
    const lines: EngineLogLine[] = [];
    for await (const line of harness.engine.logs(id, { follow: true })) lines.push(line);
    return lines;
  };
  const printed = async (script: string, more = {}): Promise<string[]> =>
    (await output(script, more)).map(({ line }) => line);

  const FILES = [
    { target: '/run/secrets/db', data: 's3cret', uid: 7, gid: 8, mode: 0o440 },
    { target: `/etc/${'deep/'.repeat(30)}ü.conf`, data: 'ä\n', uid: 0, gid: 0, mode: 0o444 },
  ];
  const look = (target: string): string => `stat -c "%u %g %a" ${target}; cat ${target}`;

  it('puts files into a container before it starts, with their folders, owners and modes', async () => {
    const script = FILES.map(({ target }) => look(target)).join('; echo; ');
    expect(await printed(`${script}; stat -c %a /run/secrets`, { files: FILES })).toEqual([
      ...['7 8 440', 's3cret', '0 0 444', 'ä', '755'],
    ]);
  });

  it.each([
    ['whose root is read-only', { runtime: { readOnly: true } }],
    ['with a tmpfs above them', { mounts: [{ type: 'tmpfs', target: '/run', readOnly: false }] }],
  ])('puts files below /run into a container %s', async (_what, more) => {
    // A last line that is not ended may come to the log after the end of the container.
    const script = `${look('/run/secrets/db')}; echo`;
    expect(await printed(script, { files: FILES.slice(0, 1), ...more })).toEqual(['7 8 440', 's3cret']);
  });

  it('leaves no container behind whose files the engine refuses', async () => {
    const config = bench.config(harness.programs.forever, { files: FILES, runtime: { readOnly: true } });
    await expect(harness.engine.create(config)).rejects.toThrow(/read-only/);
    expect(await harness.engine.inspect(config.name)).toBeUndefined();
  });

  it('applies limits, and never restarts by itself', async () => {
    const limits = { cpuMillis: 250, memoryBytes: 32 * 1024 ** 2, pids: 20 };
    const id = await bench.create(harness.programs.forever, { limits, stopGraceMs: 2500, stopSignal: 'SIGINT' });
    const { HostConfig, Config } = await docker.getContainer(id).inspect();
    expect(HostConfig).toMatchObject({ NanoCpus: 250_000_000, Memory: 32 * 1024 ** 2, PidsLimit: 20 });
    expect(HostConfig.RestartPolicy?.Name).toBe('no');
    expect(HostConfig.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } });
    expect(Config).toMatchObject({ StopTimeout: 3, StopSignal: 'SIGINT' });
  });

  it('holds a busy container to its share of a core', async () => {
    const id = await bench.start({ command: ['sh', '-c', 'while :; do :; done'], limits: { cpuMillis: 200 } });
    const first = await harness.engine.stats(id);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const second = await harness.engine.stats(id);
    if (!first || !second) throw new Error('no samples of a container that runs');
    const used = (second.cpuSeconds - first.cpuSeconds) / ((Date.parse(second.at) - Date.parse(first.at)) / 1000);
    expect(used).toBeGreaterThan(0.05);
    expect(used).toBeLessThan(0.3);
  });

  it('hands over environment, folder, user and host name', async () => {
    const more = { env: { WORDS: 'a b=c' }, workingDir: '/tmp', user: '1000', hostname: 'here' };
    expect(await printed('echo "$WORDS"; pwd; id -u; hostname', more)).toEqual(['a b=c', '/tmp', '1000', 'here']);
  });

  it('takes mounts of each kind', async () => {
    const mounts = [
      { type: 'volume' as const, target: '/anonymous', readOnly: false },
      { type: 'bind' as const, source: '/etc/hostname', target: '/outside', readOnly: true },
      { type: 'tmpfs' as const, target: '/quick', readOnly: false, sizeBytes: 1024 ** 2 },
    ];
    const script =
      'echo x >/outside || echo held; df /quick | tail -1 | tr -s " " | cut -d" " -f2; touch /anonymous/a && echo ok';
    const lines = await output(script, { mounts });
    expect(lines.filter(({ stream }) => stream === 'stdout').map(({ line }) => line)).toEqual(['held', '1024', 'ok']);
  });

  it('takes runtime settings as they are', async () => {
    const runtime = {
      readOnly: true,
      ulimits: { nofile: { soft: 99, hard: 100 } },
      extraHosts: ['far:10.9.8.7'],
      init: true,
    };
    const lines = await printed('exec 2>&1; ulimit -n; grep far /etc/hosts | cut -c1-8; touch /x', { runtime });
    expect(lines).toEqual(['99', '10.9.8.7', expect.stringMatching(/read-only/i)]);
  });

  it('finds a neighbour by its alias on a network of their own', async () => {
    const { engine } = harness;
    const names = [bench.network(), bench.network()];
    for (const name of names) await engine.ensureNetwork({ name, labels: bench.labels, internal: true });
    const networks = names.map((name) => ({ name, aliases: ['neighbour'] }));
    const id = await bench.start(harness.programs.forever, { networks });
    const addresses = Object.values((await engine.inspect(id))?.addresses ?? {});
    for (const name of names) {
      const [found] = await printed(
        'nslookup neighbour 127.0.0.11 | tail -n +4 | grep Address | grep -o "[0-9.]*\\.[0-9]*\\.[0-9]*\\.[0-9]*$"',
        {
          networks: [{ name, aliases: [] }],
        },
      );
      expect(addresses).toContain(found);
    }
  });

  it('gives a network the subnet it was asked for', async () => {
    const net = randomInt(256);
    const config = { name: bench.network(), labels: bench.labels, subnet: `10.233.${net}.64/26` };
    expect(await harness.engine.ensureNetwork(config)).toMatchObject({
      subnet: config.subnet,
      gateway: `10.233.${net}.65`,
    });
  });

  it('reads the log of a terminal', async () => {
    expect(await printed('echo one; echo two', { runtime: { tty: true } })).toEqual(['one', 'two']);
  });

  it.each([false, true])('gives a long line in pieces, nothing lost (terminal: %p)', async (tty) => {
    const lines = await output('yes é | head -n 20000 | tr -d "\\n"; echo; echo after', { runtime: { tty } });
    expect(lines.at(-1)).toMatchObject({ line: 'after' });
    const pieces = lines.slice(0, -1);
    expect(pieces.map(({ line }) => line).join('')).toBe('é'.repeat(20_000));
    for (const { line } of pieces) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_LINE_BYTES + 3);
  });

  it('tells of processes started inside only where asked', async () => {
    const seen: unknown[] = [];
    const stop = harness.engine.events({ labels: bench.labels, execs: true }).subscribe((event) => seen.push(event));
    const id = await bench.start(harness.programs.forever);
    const exec = await docker.getContainer(id).exec({ Cmd: ['echo', 'inside'] });
    (await exec.start({ Detach: true })).destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    stop.unsubscribe();
    expect(seen).toContainEqual(expect.objectContaining({ type: 'exec', id, command: 'echo inside' }));
  });
});
