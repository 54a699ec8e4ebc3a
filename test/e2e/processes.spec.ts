// The platform on plain processes: no container engine, the host's own programs.
import { jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../harness/applications.js';
import { startCluster } from '../harness/cluster.js';
import { isRunning, kill } from '../harness/processes.js';
import { ProcessEngine } from '@tutti/engine';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

jest.setTimeout(90_000);

const SERVER = `
  console.log('listening on', process.env.PORT);
  require('http').createServer((_, out) => out.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1');`;
const APP = {
  services: {
    web: {
      image: 'host',
      command: ['node', '-e', SERVER],
      ports: ['80'],
      healthcheck: { test: ['CMD-SHELL', 'test -n "$$PORT"'], interval: '200ms', timeout: '5s', retries: 3 },
      deploy: { replicas: 2, resources: { limits: { memory: '128M', cpus: '0.5' } } },
    },
  },
};

interface Task {
  task: string;
  state: string;
  health: string;
  restarts: number;
  ports: { host: number; container: number }[];
}

describe('tutti on plain processes', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    cluster = await startCluster({ engine: 'process' });
  });
  afterAll(() => cluster?.stop());

  const tasks = (): Promise<Task[]> => cluster.list('ps', 'demo');
  /** The pid of the process behind a task, as it says itself. */
  const pidOf = async ({ ports }: Task): Promise<number> =>
    Number(await (await fetch(`http://127.0.0.1:${ports[0]?.host}`)).text());

  it('deploys, with a port for each', async () => {
    const { code, stderr } = await cluster.run(['deploy', '-f', '-', 'demo'], { input: JSON.stringify(APP) });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [one, two] = await tasks();
    expect([one, two]).toMatchObject([
      { state: 'running', health: 'healthy' },
      { state: 'running', health: 'healthy' },
    ]);
    const pids = await Promise.all([one, two].map((task) => pidOf(task as Task)));
    expect(new Set(pids).size).toBe(2);
    expect(await cluster.list('nodes')).toMatchObject([{ engine: { kind: 'process' } }]);
    const { stdout } = await cluster.run(['logs', 'demo']);
    expect(stdout).toContain(`listening on ${one?.ports[0]?.host}`);
  });

  it('starts a killed process again in place, and says why it had died', async () => {
    const [victim] = await tasks();
    if (!victim) throw new Error('nothing runs');
    kill(await pidOf(victim));
    const incident = await until(async () => {
      const found = await cluster.list('incidents', 'demo');
      return found.find(
        ({ task, resolvedAt }: { task: string; resolvedAt: string | null }) => task === victim.task && resolvedAt,
      );
    });
    expect(incident).toMatchObject({ exitCode: 137, action: expect.stringContaining('restarted in place') });
    expect((await tasks()).find(({ task }) => task === victim.task)).toMatchObject({ state: 'running', restarts: 1 });
  });

  it('leaves processes alone when it dies, and adopts them when it is back', async () => {
    const before = await tasks();
    const pids = await Promise.all(before.map(pidOf));
    cluster.crash();
    await sleep(500);
    expect(pids.every(isRunning)).toBe(true);
    // Without a word about the engine: what runs there is looked after.
    delete cluster.env.TUTTI_ENGINE;
    await cluster.up();
    const healthy = await until(async () => {
      const now = await tasks();
      return now.length === 2 && now.every(({ health }) => health === 'healthy') && now;
    });
    expect(healthy.map(({ task, restarts }: Task) => [task, restarts])).toEqual(
      before.map(({ task, restarts }) => [task, restarts]),
    );
    expect(await Promise.all(healthy.map(pidOf))).toEqual(pids);
  });

  it('refuses a service without a command, in one sentence', async () => {
    const input = JSON.stringify({ services: { web: { image: 'nginx:1' } } });
    const { code, stderr } = await cluster.run(['deploy', '-f', '-', 'other', '--timeout', '20s'], { input });
    expect(code).toBe(2);
    expect(stderr).toMatch(/the image nginx:1 says nothing to this engine of plain processes/);
    await cluster.run(['rm', 'other']);
  });

  it('does not change the engine over the heads of processes that run', async () => {
    await cluster.down();
    const { code, stderr } = await cluster.run(['up', '--engine', 'docker', '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/plain processes of this node are kept in .*: start with --engine process/);
    await cluster.up(['--engine', 'auto']);
    expect(cluster.output).toMatch(/engine of plain processes, kept in .*, as last time\n/);
  });

  it('leaves nothing when the application is removed', async () => {
    const pids = await Promise.all((await tasks()).map(pidOf));
    expect((await cluster.run(['rm', 'demo'])).code).toBe(0);
    await until(async () => !pids.some(isRunning));
    await cluster.down();
    const engine = await ProcessEngine.open({ root: cluster.engineRoot });
    expect(await engine.list()).toEqual([]);
    await engine.close();
  });
});

describe('npm start without a container engine', () => {
  it('takes plain processes and says so', async () => {
    const cluster = await startCluster({ engine: 'process' });
    try {
      await cluster.down();
      const file = join(cluster.dir, 'compose.yaml');
      writeFileSync(file, '# for containers, and refused here');
      writeFileSync(join(cluster.dir, 'compose.process.yaml'), JSON.stringify(APP));
      const { code, stdout, stderr } = await cluster.run(
        ['--engine=auto', '--detach', '--port', '0', '--deploy', file, '--app', 'demo'],
        { program: [resolve('scripts/start')], env: { DOCKER_HOST: 'unix:///no/docker.sock' }, timeoutMs: 60_000 },
      );
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stderr).toContain('No container engine can be had here: applications run as plain processes');
      expect(stdout).toMatch(/engine of plain processes, kept in \S+, since the Docker Engine at .* does not answer/);
      expect(stdout).toMatch(/^demo answers at http:/m);
      expect((await cluster.run(['down', '--apps'])).code).toBe(0);
    } finally {
      await cluster.stop();
    }
  });
});
