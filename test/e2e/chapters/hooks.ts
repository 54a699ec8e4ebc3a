import { until } from '../../harness/applications.js';
import { compose, sleeper } from '../../harness/compose.js';
import { ps, type Stage } from './stage.js';

const sh = (script: string, more = {}) => ({ command: ['sh', '-c', script], ...more });

/** What is run in a container after its start and before its stop. */
export function hooks(stage: Stage): void {
  const deploy = (service: object, args: string[] = []) =>
    stage.cluster.run(['deploy', '-f', '-', 'hooked', ...args], { input: compose({ web: sleeper(1, service) }) });
  const remove = async () => expect((await stage.cluster.run(['rm', 'hooked'])).code).toBe(0);

  it('runs a task once its post_start hooks have ended, and pre_stop hooks before it is stopped', async () => {
    const service = {
      post_start: [
        sh('echo "first $$WHO in $$PWD" > /proc/1/fd/1', { environment: { WHO: 'me' }, working_dir: '/bin' }),
        sh('sleep 2; echo second > /proc/1/fd/1'),
      ],
      pre_stop: [sh('echo saved > /proc/1/fd/1')],
      stop_grace_period: '10s',
    };
    const began = Date.now();
    const deploying = deploy(service);
    const seen = new Set<string>();
    const running = async () => {
      for (const { state } of await ps(stage, 'hooked').catch(() => [])) seen.add(state);
      return seen.has('running');
    };
    await until(running, { timeoutMs: 30_000, what: 'a task that runs' });
    expect(Date.now() - began).toBeGreaterThan(2000);
    expect(seen).toContain('starting');
    expect((await deploying).code).toBe(0);
    await remove();
    const { stdout } = await stage.cluster.run(['logs', 'hooked']);
    expect(stdout.match(/first me in \/bin|second|saved/g)).toEqual(['first me in /bin', 'second', 'saved']);
  });

  it('fails the run where a post_start hook fails, and says which, how, and what it printed', async () => {
    const service = { post_start: [sh('echo no disk; exit 3')], restart: 'no' };
    const { code } = await deploy(service, ['--timeout', '60s']);
    expect(code).toBe(2);
    const incidents = (await stage.cluster.list('incidents', 'hooked')) as { cause: string }[];
    const causes = incidents.map(({ cause }) => cause).join('\n');
    expect(causes).toMatch(/the post_start hook \["sh","-c","echo no disk; exit 3"\] ended with exit code 3: no disk/);
    await remove();
  });

  it('stops a task within its grace though its pre_stop hook takes longer', async () => {
    expect((await deploy({ pre_stop: [sh('sleep 60')], stop_grace_period: '2s' })).code).toBe(0);
    const began = Date.now();
    await remove();
    expect(Date.now() - began).toBeLessThan(12_000);
    const { stdout } = await stage.cluster.run(['events', '--format', 'json', '--since', '1m', '--app', 'hooked']);
    expect(stdout).toMatch(/stopped although the pre_stop hook .*did not end within 2 s/);
  });
}
