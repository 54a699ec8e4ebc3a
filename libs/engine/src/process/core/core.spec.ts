import fc from 'fast-check';
import { MAX_LINE_BYTES } from '../../port/logs.js';
import { fieldOf, memoryInUse, settingsFor } from './cgroup-files.js';
import { environmentOf, mountVariable } from './environment.js';
import { isProbed, judge, probeCommand, type Health } from './health.js';
import { formatEntry, LineCutter, parseEntry } from './log-lines.js';
import { notApplied } from './not-applied.js';

describe('the lines of a log', () => {
  const cut = (chunks: Buffer[]) => {
    const cutter = new LineCutter();
    return [...chunks.flatMap((chunk) => cutter.push(chunk)), ...cutter.end()];
  };

  it('come out as they went in, however they were cut on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 7 }), (texts, size) => {
        const lines = texts.map((text) => text.replaceAll('\n', ' '));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
          bytes.subarray(n * size, (n + 1) * size),
        );
        expect(cut(chunks)).toEqual(lines.map((line) => ({ line })));
      }),
    );
  });

  it('are cut at whole characters where they are too long', () => {
    const pieces = cut([Buffer.from(`${'é'.repeat(MAX_LINE_BYTES)}x\n`)]);
    expect(pieces.map(({ line }) => line).join('')).toBe(`${'é'.repeat(MAX_LINE_BYTES)}x`);
    expect(pieces.map(({ partial }) => partial)).toEqual([true, true, undefined]);
  });

  it('are read back as they were written', () => {
    const entry = {
      at: '2026-01-01T00:00:00.000Z',
      stream: 'stderr' as const,
      line: ' a  b\r',
      partial: true as const,
    };
    expect(parseEntry(formatEntry(entry).slice(0, -1))).toEqual(entry);
    expect(parseEntry('2026-01-01T00:00:00.000Z std')).toBeUndefined();
  });
});

describe('health', () => {
  const spec = { test: ['CMD', 'x'], intervalMs: 1, timeoutMs: 1, retries: 2, startPeriodMs: 100 };
  const begin: Health = { status: 'starting', failures: 0 };
  const after = (...results: [passed: boolean, sinceStartMs: number][]): string =>
    results.reduce<Health>(
      (health, [passed, sinceStartMs]) => judge(health, { passed, output: '', sinceStartMs }, spec),
      begin,
    ).status;

  it('goes by failures in a row, and one success heals', () => {
    expect(after([false, 200])).toBe('starting');
    expect(after([false, 200], [false, 201])).toBe('unhealthy');
    expect(after([false, 200], [true, 201], [false, 202])).toBe('healthy');
    expect(after([false, 200], [false, 201], [true, 202])).toBe('healthy');
  });

  it('is not condemned in the start period, which ends with the first success', () => {
    expect(after([false, 1], [false, 2], [false, 3])).toBe('starting');
    expect(after([true, 1], [false, 2], [false, 3])).toBe('unhealthy');
  });

  it('is probed by a program or by a shell, or not at all', () => {
    expect(probeCommand(['CMD', 'a', 'b'])).toEqual(['a', 'b']);
    expect(probeCommand(['CMD-SHELL', 'a b'])).toEqual(['/bin/sh', '-c', 'a b']);
    expect([isProbed(spec), isProbed({ ...spec, test: ['NONE'] }), isProbed(undefined)]).toEqual([true, false, false]);
  });
});

describe('the environment', () => {
  const around = { path: '/bin', home: '/home', hostname: 'here', mounts: [] };

  it('names ports, and lets the config have the last word', () => {
    const ports = [
      { host: 8080, container: 80, protocol: 'tcp' as const },
      { host: 8443, container: 443, protocol: 'tcp' as const },
      { host: 9080, container: 80, protocol: 'udp' as const },
    ];
    const config = { name: 'a', image: 'host', env: { PORT: '1', HOME: '/other' } };
    expect(environmentOf(config, { ...around, ports })).toEqual({
      ...{ PATH: '/bin', HOME: '/other', HOSTNAME: 'here' },
      ...{ PORT: '1', PORT_80: '8080', PORT_443: '8443' },
    });
  });

  it('names mounts by their target', () => {
    expect(['/data', '/var/lib/my-data/', '/'].map(mountVariable)).toEqual([
      'TUTTI_MOUNT_DATA',
      'TUTTI_MOUNT_VAR_LIB_MY_DATA',
      'TUTTI_MOUNT_ROOT',
    ]);
  });
});

describe('limits', () => {
  const written = (version: 1 | 2) =>
    settingsFor(version, { memoryBytes: 2 ** 20, cpuMillis: 250 }).map(({ file, value }) => `${file}=${value}`);

  it('are written as each version of cgroups has them', () => {
    expect(written(1)).toEqual([
      'memory.limit_in_bytes=1048576',
      'memory.memsw.limit_in_bytes=1048576',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=25000',
    ]);
    expect(written(2)).toEqual(['memory.max=1048576', 'memory.swap.max=0', 'cpu.max=25000 100000']);
    expect(settingsFor(2, {})).toEqual([]);
  });

  it('are compared with what is in use, without what can be dropped', () => {
    expect(memoryInUse(1, '100\n', 'inactive_file 7\ntotal_inactive_file 40\n')).toBe(60);
    expect(memoryInUse(2, '100\n', 'inactive_file 7\n')).toBe(93);
    expect(fieldOf('low 1\noom_kill 3\n', 'oom_kill')).toBe(3);
    expect(fieldOf('', 'oom_kill')).toBe(0);
  });
});

it('what a plain process cannot have is named as in a Compose file', () => {
  const config = { name: 'a', image: 'host', runtime: { readOnly: true, capDrop: ['ALL'], init: false, sysctls: {} } };
  expect(notApplied(config)).toEqual([
    'a plain process runs without read_only',
    'a plain process runs without cap_drop',
  ]);
});
