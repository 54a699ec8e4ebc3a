import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBus, filters, list, STREAM, type Connection } from '@tutti/bus';
import { until } from '../../harness/applications.js';
import { compose, sleeper } from '../../harness/compose.js';
import { docker } from '../../harness/docker.js';
import { ps, type Stage } from './stage.js';

const PASSWORD = 'hunter2-$HOME-verysecret';
const TOKEN = 'tok_veryverysecret';

/** Configs and secrets. */
export function contents(stage: Stage): void {
  let bus: Connection;
  beforeAll(async () => {
    bus = await connectBus({ ...stage.cluster.bus(), name: 'test' });
  });
  afterAll(() => bus?.nc.close());

  const run = async (args: string[], input = '', env = {}) => {
    const { code, stdout, stderr } = await stage.cluster.run(args, { input, env });
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  };
  /** What a command prints in the one container of a service. */
  const inside = async (service: string, script: string): Promise<string> => {
    const [container] = await stage.cluster.containers({ app: 'files', service }, { all: false });
    const exec = await docker
      .getContainer(container?.Id ?? '')
      .exec({ Cmd: ['sh', '-c', script], AttachStdout: true, Tty: true });
    const stream = await exec.start({ hijack: true, stdin: false, Tty: true });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text.replaceAll('\r', '').trim();
  };
  const deploy = (motto: string) => {
    writeFileSync(join(stage.cluster.dir, 'app.conf'), 'port=$PORT\n');
    writeFileSync(join(stage.cluster.dir, 'password'), PASSWORD);
    const file = join(stage.cluster.dir, 'files.json');
    const web = sleeper(1, {
      configs: ['motto', { source: 'app.conf', target: '/etc/app/app.conf', uid: '7', gid: '8', mode: '0440' }],
      secrets: ['password'],
    });
    const sealed = sleeper(1, { read_only: true, secrets: [{ source: 'token', mode: '0400' }], user: '1000:1000' });
    const parts = {
      configs: { motto: { content: motto }, 'app.conf': { file: './app.conf' } },
      secrets: { password: { file: './password' }, token: { environment: 'TOKEN' }, unused: { file: './gone' } },
    };
    writeFileSync(file, compose({ web, sealed, plain: sleeper() }, parts));
    return run(['deploy', '-f', file, 'files'], '', { TOKEN });
  };
  const containerOf = async (service: string) =>
    (await ps(stage, 'files')).find((task) => task.service === service)?.container;

  it('puts configs and secrets into containers, from a file, from content and from a variable', async () => {
    await deploy('first');
    expect(await inside('web', 'cat /motto')).toBe('first');
    expect(await inside('web', 'cat /etc/app/app.conf; stat -c "%u %g %a" /etc/app/app.conf')).toBe(
      'port=$PORT\n7 8 440',
    );
    expect(await inside('web', 'cat /run/secrets/password; echo; stat -c "%u %g %a" /run/secrets/password')).toBe(
      `${PASSWORD}\n0 0 444`,
    );
    expect(await inside('sealed', 'cat /run/secrets/token; echo; stat -c "%u %g %a" /run/secrets/token')).toBe(
      `${TOKEN}\n1000 1000 400`,
    );
  });

  it('has them still after a restart in place', async () => {
    const id = (await containerOf('web')) ?? '';
    await docker.getContainer(id).kill();
    await until(
      async () => (await ps(stage, 'files')).some(({ restarts, state }) => restarts > 0 && state === 'running'),
      {
        timeoutMs: 30_000,
        what: 'a restart',
      },
    );
    expect(await containerOf('web')).toBe(id);
    expect(await inside('web', 'cat /run/secrets/password /motto')).toBe(`${PASSWORD}first`);
  });

  it('replaces just the services that use what has changed, as a new revision, and goes back to what it was', async () => {
    const before = await Promise.all(['sealed', 'plain'].map(containerOf));
    await deploy('second');
    expect(await inside('web', 'cat /motto')).toBe('second');
    expect(await Promise.all(['sealed', 'plain'].map(containerOf))).toEqual(before);
    expect((await stage.cluster.list('history', 'files'))[0]).toMatchObject({ revision: 2, current: true });
    await run(['rollback', 'files']);
    expect(await inside('web', 'cat /motto')).toBe('first');
    expect(await Promise.all(['sealed', 'plain'].map(containerOf))).toEqual(before);
  });

  it('never shows a secret, nor what is in configs in the history', async () => {
    expect(await run(['inspect', 'config/files/motto'])).toContain('first');
    const shown = [
      await run(['inspect', 'secret/files']),
      await run(['inspect', 'revision/files/1']),
      await run(['events', '--format', 'json']),
      await run(['history', 'files', '--format', 'json']),
      await run(['logs', 'files']),
      stage.cluster.output,
    ];
    expect(shown[0]).toMatch(/password[^]*token/);
    for (const text of shown) expect(text).not.toMatch(/verysecret/);
    const consumer = await bus.js.consumers.get(STREAM.events, { inactive_threshold: 10_000 });
    const messages = await consumer.fetch({ max_messages: 100_000, expires: 3000 });
    let seen = 0;
    for await (const message of messages) {
      seen += 1;
      expect(`${message.subject} ${message.string()}`).not.toMatch(/verysecret|"first"|"second"/);
    }
    expect(seen).toBeGreaterThan(10);
  });

  it('refuses what it cannot keep, by its name and never by what is in it', async () => {
    const refused = async (service: object, parts: object) => {
      const input = compose({ web: sleeper(1, service) }, parts);
      const { code, stderr } = await stage.cluster.run(['deploy', '-f', '-', 'refused'], { input });
      expect({ code, leaks: /verysecret/.test(stderr) }).toEqual({ code: 1, leaks: false });
      return stderr;
    };
    const binary = join(stage.cluster.dir, 'binary');
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0]));
    const s = { secrets: ['s'] };
    expect(await refused(s, { secrets: { s: { external: true } } })).toMatch(/secrets\.s\.external is not supported/);
    expect(await refused(s, { secrets: { s: { file: binary } } })).toMatch(/not UTF-8 text/);
    expect(await refused(s, { secrets: { s: TOKEN } })).toMatch(/secrets\.s has to be a map/);
    expect(await refused(s, { secrets: { s: { content: '${very secret verysecret' } } })).toMatch(
      /secrets\.s\.content/,
    );
    const root = { configs: ['c'], read_only: true };
    expect(await refused(root, { configs: { c: { content: 'c' } } })).toMatch(/the root is read_only/);
  });

  it('keeps what is in them as long as a revision names it, and no longer', async () => {
    const kept = async () =>
      (await list(bus, [filters.all('config'), filters.all('secret')])).filter(({ record }) => record.app === 'files');
    expect((await kept()).map(({ record }) => record.name).sort()).toEqual([
      'app.conf',
      'motto',
      'motto',
      'password',
      'token',
    ]);
    await run(['rm', 'files']);
    await until(async () => (await kept()).length === 0, { timeoutMs: 10_000, what: 'the removal of their contents' });
  });
}
