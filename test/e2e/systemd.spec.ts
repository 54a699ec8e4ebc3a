// The systemd units under a real systemd: hardened with Docker, and with plain processes that have to live on.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { freePort } from '@tutti/bus';
import { until } from '../harness/applications.js';
import { addressesOf, ask, doorFile, knock } from '../harness/door.js';
import { hasSystemd, startSystemd } from '../harness/systemd.js';

jest.setTimeout(120_000);

const UNITS = ['tutti.service', 'tutti-agent.service'];
const unitText = (name: string) => readFileSync(join('packaging/systemd', name), 'utf8');

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
const here = hasSystemd();
if (!here) console.warn('systemd units: not run, since there is no systemd here, or this is not root on Linux.');

(hasAnalyze ? describe : describe.skip)('the units', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-units-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  const expectUnderstood = (path: string): void => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  };

  it.each(UNITS)('%s is what systemd understands, and is exposed little', (name) => {
    const path = join(dir, name);
    // Where the programs are on this machine.
    writeFileSync(path, unitText(name).replaceAll('/opt/tutti', process.cwd()));
    expectUnderstood(path);
    const words = ['security', '--offline=true', '--threshold=35', path];
    expect(spawnSync('systemd-analyze', words, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });

  it('the weight of the engine is what systemd understands', () => {
    const path = join(dir, 'engine.service');
    writeFileSync(path, `[Unit]\nDescription=An engine\n${unitText('engine-weight.conf')}ExecStart=/bin/true\n`);
    expectUnderstood(path);
  });
});

(here ? describe : describe.skip)('a host that systemd runs', () => {
  let host: Awaited<ReturnType<typeof startSystemd>>;
  let port: number;
  const relaxed = readFileSync('packaging/systemd/process-engine.conf', 'utf8');
  // A machine within a machine may not have the right to these; they are of no matter here.
  const limits = '[Service]\nOOMScoreAdjust=0\nLimitNOFILE=\n';

  const tutti = (words: string[], input = '') =>
    host.ran(
      [
        'env',
        'TUTTI_CONTEXT=/var/lib/tutti/control/context.json',
        'node',
        '/opt/tutti/apps/cli/dist/main.js',
        ...words,
      ],
      { input },
    );
  const ready = async (unit: string) => {
    const look = async () => /^ready .*/m.exec(await host.said(unit))?.[0];
    return until(look, { timeoutMs: 60_000, what: `${unit} being ready`, everyMs: 200 });
  };
  let published: number;
  const mainPid = (unit: string) => host.property(unit, 'MainPID');

  beforeAll(async () => {
    port = await freePort();
    const options = `--port ${port} --nats-port ${await freePort()} --listen 0.0.0.0 --advertise 127.0.0.1`;
    host = await startSystemd({
      // As in cluster.js.
      'tutti/tutti.env': `TUTTI_UP_OPTIONS=${options} --node control\nTUTTI_NETWORK_RANGE=10.${128 + randomInt(64)}.0.0/16\n`,
      'systemd/system/tutti.service.d/limits.conf': limits,
      'systemd/system/tutti-agent.service.d/limits.conf': limits,
      'systemd/system/tutti-agent.service.d/process-engine.conf': relaxed,
    });
  });
  afterAll(() => host?.stop());

  it('runs the control plane, hardened, with the Docker Engine', async () => {
    await host.ran(['systemctl', 'start', 'tutti']);
    expect(await ready('tutti')).toBe(`ready http://127.0.0.1:${port}`);
    expect(await tutti(['nodes'])).toMatch(/control +ready/);
  });

  it('takes published ports in by a HAProxy that is not root, and leads names to one address', async () => {
    published = await freePort();
    expect(await tutti(['deploy', '-f', '-', 'door'], await doorFile(published))).toMatch(/door deployed/);
    await until(() => knock(published), { timeoutMs: 20_000, what: 'an answer at the published port', everyMs: 200 });
    expect(await host.ran(['ps', '-C', 'haproxy', '-o', 'user='])).toBe('root\nhaproxy');
    const isOne = async () => (await addressesOf('control', 'web')).length === 1;
    await until(isOne, { what: 'one address of a service of two tasks', everyMs: 200 });
    expect(await ask('control', 'wget', '-qO-', 'http://web:8080/')).toMatch(/^[0-9a-f]{12}$/);
  });

  it('starts it again when it is killed; nats-server and HAProxy have gone on', async () => {
    const before = await mainPid('tutti');
    const proxies = await host.ran(['pgrep', '-x', 'haproxy']);
    await host.ran(['systemctl', 'kill', '-s', 'KILL', '--kill-whom=main', 'tutti']);
    expect(await knock(published)).toMatch(/^[0-9a-f]{12}$/);
    await until(async () => ![before, '0'].includes(await mainPid('tutti')), { what: 'another process' });
    await ready('tutti');
    expect(await host.said('tutti')).toMatch(/nats-server adopted/);
    expect(await host.ran(['pgrep', '-x', 'haproxy'])).toBe(proxies);
    await tutti(['rm', 'door']);
    await until(async () => (await host.run(['pgrep', '-x', 'haproxy'])).code === 1, { what: 'the end of HAProxy' });
  });

  it('joins with what agent.env says, and leaves plain processes alone when it stops', async () => {
    const token = await tutti(['token']);
    host.write(
      'tutti/agent.env',
      `TUTTI_JOIN_ADDRESS=127.0.0.1:${port}\nTUTTI_JOIN_TOKEN=${token}\nTUTTI_JOIN_OPTIONS=--name bare --label kind=bare\n`,
    );
    await host.ran(['systemctl', 'start', 'tutti-agent']);
    await ready('tutti-agent');
    const app = {
      services: {
        one: {
          image: 'host',
          command: ['sleep', '3141'],
          deploy: { placement: { constraints: ['node.labels.kind == bare'] } },
        },
      },
    };
    expect(await tutti(['deploy', '-f', '-', 'plain'], JSON.stringify(app))).toMatch(/plain deployed/);
    const sleeper = await host.ran(['pgrep', '-x', '-f', 'sleep 3141']);
    const before = await mainPid('tutti-agent');
    await host.ran(['systemctl', 'restart', 'tutti-agent']);
    await ready('tutti-agent');
    expect(await mainPid('tutti-agent')).not.toBe(before);
    const [task] = JSON.parse(await tutti(['ps', 'plain', '--format', 'json']));
    expect(task).toMatchObject({ state: 'running', node: 'bare', restarts: 0 });
    expect(await host.ran(['pgrep', '-x', '-f', 'sleep 3141'])).toBe(sleeper);
    await tutti(['rm', 'plain']);
    expect((await host.run(['pgrep', '-x', '-f', 'sleep 3141'])).code).toBe(1);
  });

  it('stops in order', async () => {
    const nats = (await host.ran(['pgrep', '-f', 'nats.conf'])).split('\n');
    await host.ran(['systemctl', 'stop', 'tutti-agent', 'tutti']);
    expect(await host.property('tutti', 'Result')).toBe('success');
    expect(nats).toHaveLength(1);
    expect((await host.run(['pgrep', '-f', 'nats.conf'])).code).toBe(1);
  });
});
