import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../harness/applications.js';
import { compose, sleeper } from '../../harness/compose.js';
import { docker } from '../../harness/docker.js';
import { ps, type PsElement, type Stage } from './stage.js';

const PS_KEYS = ['task', 'app', 'service', 'slot', 'node', 'state', 'desired', 'health', 'image', 'revision'];
const PS_MORE = ['container', 'ports', 'restarts', 'since'];

export function deploying(stage: Stage): void {
  const text = compose({ web: sleeper(2), worker: sleeper(1) });

  it('deploys from standard input, waits, and leaves the result on standard output', async () => {
    const { code, stdout, stderr } = await stage.cluster.run(['deploy', '-f', '-', 'tour'], { input: text });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/tour deployed, revision 1/);
    expect(await stage.cluster.containers({ app: 'tour' }, { all: false })).toHaveLength(3);
  });

  it('lists tasks with just the keys that people script against', async () => {
    const tasks = await ps(stage, 'tour');
    expect(tasks).toHaveLength(3);
    for (const task of tasks) {
      expect(Object.keys(task)).toEqual(expect.arrayContaining([...PS_KEYS, ...PS_MORE]));
      expect(task).toMatchObject({ app: 'tour', state: 'running', desired: 'run', revision: 1, restarts: 0 });
    }
    expect(tasks.map(({ service, slot }) => `${service}.${slot}`).sort()).toEqual(['web.1', 'web.2', 'worker.1']);
  });

  it('deploys from a file, under the folder’s name or a given one', async () => {
    const file = join(stage.cluster.dir, 'compose.yaml');
    writeFileSync(file, compose({ one: sleeper() }));
    expect((await stage.cluster.run(['deploy', '-f', file, 'from-file'])).code).toBe(0);
    const apps = await stage.cluster.list('ls');
    expect(apps.map(({ app }: { app: string }) => app)).toEqual(expect.arrayContaining(['from-file', 'tour']));
  });

  it('refuses a file with every reason at once, and exits with 1', async () => {
    const input = compose({ web: { image: 'a:1', ports: ['no-port'], deploy: { replicas: -1 } }, 'Not A Name': {} });
    const { code, stderr, stdout } = await stage.cluster.run(['deploy', '-f', '-', 'wrong'], { input });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/services\.web\.ports/);
    expect(stderr).toMatch(/replicas/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [['ps', '--no-such-option']],
    [['no-such-verb']],
    [['scale', 'tour/web']],
    [['deploy', '--timeout', 'soon']],
  ])('exits with 64 for the usage error %j', async (args) => {
    const { code, stdout } = await stage.cluster.run(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  });

  it('says by its exit code whether a deploy would change anything', async () => {
    const plan = async (input: string) => (await stage.cluster.run(['plan', '-f', '-', 'tour'], { input })).code;
    expect(await plan(text)).toBe(0);
    expect(await plan(compose({ web: sleeper(3), worker: sleeper(1) }))).toBe(1);
    expect(await plan('services: [')).toBe(255);
  });

  it('deploys just what was planned, and refuses when anything has changed since', async () => {
    const planned = compose({ web: sleeper(2) });
    const { stdout } = await stage.cluster.run(['plan', '-f', '-', 'planned', '--format', 'json'], { input: planned });
    const { plan } = JSON.parse(stdout) as { plan: string };
    const deploy = (input: string) => stage.cluster.run(['deploy', '--plan', plan, '-f', '-', 'planned'], { input });
    const other = await deploy(compose({ web: sleeper(3) }));
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`has changed since plan ${plan}`)]);
    expect((await deploy(planned)).code).toBe(0);
    expect((await deploy(planned)).code).toBe(1);
    await stage.cluster.run(['rm', 'planned']);
  });

  it('starts a service after those it depends on are healthy', async () => {
    const healthcheck = { test: ['CMD-SHELL', 'test -f /ready'], interval: '500ms', retries: 20 };
    const slow = {
      ...sleeper(),
      command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1; touch /ready; while :; do sleep 9 & wait; done'],
    };
    const depends_on = { base: { condition: 'service_healthy' } };
    const input = compose({ top: sleeper(1, { depends_on }), base: { ...slow, healthcheck } });
    const { code, stderr } = await stage.cluster.run(['deploy', '-f', '-', 'order'], { input });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const started = async (service: string): Promise<number> => {
      const [container] = await stage.cluster.containers({ app: 'order', service });
      return Date.parse((await docker.getContainer(container?.Id ?? '').inspect()).State.StartedAt);
    };
    expect((await started('top')) - (await started('base'))).toBeGreaterThan(900);
    await stage.cluster.run(['rm', 'order']);
  });

  it('shows nodes, services, status, and why a task is where it is', async () => {
    const [node] = await stage.cluster.list('nodes');
    expect(node).toMatchObject({ node: stage.cluster.node, state: 'ready', engine: { kind: 'docker' } });
    const services = await stage.cluster.list('services', 'tour');
    expect(services.map(({ service }: { service: string }) => service).sort()).toEqual(['web', 'worker']);
    const healthy = async () => (await stage.cluster.run(['status'])).code === 0;
    await until(healthy, { timeoutMs: 10_000, what: 'a healthy status' });
    const [{ task }] = (await ps(stage, 'tour')) as [PsElement, ...PsElement[]];
    for (const target of [task.slice(0, 8), stage.cluster.node, 'tour/web']) {
      const { code, stdout } = await stage.cluster.run(['why', target]);
      expect({ target, code }).toEqual({ target, code: 0 });
      expect(stdout).not.toBe('');
    }
  });

  it('removes an application with its containers and networks', async () => {
    expect((await stage.cluster.run(['rm', 'from-file'])).code).toBe(0);
    expect(await stage.cluster.containers({ app: 'from-file' })).toEqual([]);
    const label = [`dev.tutti.node=${stage.cluster.node}`, 'dev.tutti.app=from-file'];
    const noNetwork = async () => (await docker.listNetworks({ filters: { label } })).length === 0;
    await until(noNetwork, { timeoutMs: 10_000, what: 'the removal of the network' });
    expect((await stage.cluster.run(['rm', 'from-file'])).code).toBe(1);
  });
}
