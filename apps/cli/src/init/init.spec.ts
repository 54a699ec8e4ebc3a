import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectBus, subjects } from '@tutti/bus';
import { startTestBus } from '@tutti/testing';

// As the command is run where the parts of a control plane are started by something else.
const MAIN = resolve(process.cwd(), 'apps/cli/dist/main.js');
const home = mkdtempSync(join(tmpdir(), 'tutti-init-'));
const [data, out] = [join(home, 'keys'), join(home, 'out')];
afterAll(() => rmSync(home, { recursive: true }));

function tutti(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}
const init = (...more: string[]): ReturnType<typeof tutti> =>
  tutti('init', '--data', data, '--out', out, '--node', 'host1', ...more);
const read = (path: string): string => readFileSync(join(out, path), 'utf8');
const secretOf = (path: string): string | undefined => /^SU\w+$/m.exec(read(path))?.[0];

test('init gives each part a folder with what it has to know, and the keys to none', () => {
  expect(init()).toEqual({ code: 0, out: `keys, credentials and configuration are in ${out}\n`, err: '' });
  const files = Object.fromEntries(readdirSync(out).map((part) => [part, readdirSync(join(out, part)).sort()]));
  const one = ['user.creds'];
  expect(files).toEqual({
    nats: ['nats.conf'],
    gateway: ['context.json', 'join.json', 'token', 'user.creds'],
    ...{ policy: one, scheduler: one, provisioner: one, monitor: one, metering: one, operator: one },
    'service-discovery': one,
  });
  expect(statSync(join(out, 'policy/user.creds')).mode & 0o777).toBe(0o440);
  expect(statSync(join(out, 'policy')).mode & 0o777).toBe(0o750);
  expect(new Set(['policy', 'operator', 'provisioner'].map((part) => secretOf(`${part}/user.creds`))).size).toBe(3);
});

test('init again keeps every secret, and takes over another address', () => {
  const before = [secretOf('policy/user.creds'), secretOf('provisioner/user.creds'), read('gateway/token')];
  expect(init('--advertise', '10.0.0.5', '--port', '8090-8092').out).toMatch(
    /^other hosts join at http:\/\/10\.0\.0\.5:8090 /m,
  );
  expect([secretOf('policy/user.creds'), secretOf('provisioner/user.creds'), read('gateway/token')]).toEqual(before);
  expect(JSON.parse(read('gateway/join.json'))).toMatchObject({
    servers: ['nats://10.0.0.5:4222'],
    endpoint: 'http://10.0.0.5:8090',
  });
});

test('streams makes the streams, with the operator’s credentials only', async () => {
  const bus = await startTestBus({ secured: true });
  try {
    const operator = await connectBus({
      servers: [bus.url],
      name: 'operator',
      credentials: bus.credentials('operator') ?? '',
    });
    for (const { config } of await operator.jsm.streams.list().next()) await operator.jsm.streams.delete(config.name);
    const run = (user: 'operator' | 'policy'): ReturnType<typeof tutti> =>
      tutti('streams', '--nats', bus.url, '--credentials', bus.credentials(user) ?? '');
    expect(run('policy').code).toBe(1);
    expect(run('operator')).toMatchObject({ code: 0, err: '' });
    expect((await operator.js.publish(subjects.command('default', 'scale'), '{}')).seq).toBe(1);
    await operator.nc.close();
  } finally {
    await bus.stop();
  }
}, 60_000);
