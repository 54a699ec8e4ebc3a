import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../harness/applications.js';
import { compose, sleeper } from '../../harness/compose.js';
import { killContainer } from '../../harness/docker.js';
import { ps, type Stage } from './stage.js';

interface Incident {
  task: string;
  exitCode: number;
  cause: string;
  logs: string[];
  action: string;
  resolvedAt: string | null;
  downMs: number;
}

interface EngineEvent {
  id: string;
  action: string;
  labels: Record<string, string>;
  engineMs: number;
}

const KEYS = ['incident', 'kind', 'app', 'service', 'task', 'node', 'cause', 'exitCode', 'oom', 'logs', 'action'];

export function healing(stage: Stage): void {
  /** Runs of the application's containers by the engine's own clock: container id to starts and deaths. */
  const runs: { id: string; action: string; ms: number }[] = [];

  it('starts a killed container again, and says why it had died', async () => {
    stage.observer.on(({ id, action, labels, engineMs }: EngineEvent) => {
      if (labels['dev.tutti.app'] === 'heal' && labels['dev.tutti.node'] === stage.cluster.node)
        runs.push({ id, action, ms: engineMs });
    });
    const input = compose({ web: sleeper(2) });
    expect((await stage.cluster.run(['deploy', '-f', '-', 'heal'], { input })).code).toBe(0);
    const [victim] = await ps(stage, 'heal');
    await killContainer(victim?.container ?? '');
    const resolved = async () => {
      const found: Incident[] = await stage.cluster.list('incidents', 'heal');
      return found.find(({ resolvedAt, logs }) => resolvedAt && logs.length > 0);
    };
    const incident = await until(resolved, { timeoutMs: 20_000, what: 'a resolved incident with logs' });
    expect(Object.keys(incident)).toEqual(expect.arrayContaining([...KEYS, 'openedAt', 'resolvedAt', 'downMs']));
    expect(incident).toMatchObject({ exitCode: 137, oom: false, task: victim?.task, logs: ['up'] });
    expect(incident.downMs).toBeGreaterThan(0);
    expect(incident.downMs).toBeLessThan(10_000);
    const healed = (await ps(stage, 'heal')).find(({ task }) => task === victim?.task);
    expect(healed).toMatchObject({ state: 'running', restarts: 1 });
  });

  it('tells of it in `why` and in the history', async () => {
    expect((await stage.cluster.run(['why', 'heal/web'])).stdout).toMatch(/137/);
    const { stdout } = await stage.cluster.run([
      'events',
      '--since',
      '5m',
      '--type',
      'incident.opened',
      '--format',
      'json',
    ]);
    const types = stdout
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line).type);
    expect(new Set(types)).toEqual(new Set(['dev.tutti.incident.opened']));
  });

  it('adds up to the container time that Docker reports, within one per cent', async () => {
    await sleep(5000);
    const look = async () => {
      const usage = await stage.cluster.list('usage', '--by', 'app');
      const own = usage.find(({ app }: { app: string }) => app === 'heal');
      const seconds = runningSeconds(runs, Date.parse(own?.to));
      return own && Math.abs(own.containerSeconds / seconds - 1) < 0.01;
    };
    await until(look, { timeoutMs: 15_000, everyMs: 500, what: 'usage within one per cent of the engine’s own' });
    await stage.cluster.run(['rm', 'heal']);
  });
}

function runningSeconds(runs: readonly { id: string; action: string; ms: number }[], until: number): number {
  const since = new Map<string, number>();
  let total = 0;
  for (const { id, action, ms } of runs) {
    if (action === 'start') since.set(id, ms);
    if (action !== 'die') continue;
    total += ms - (since.get(id) ?? ms);
    since.delete(id);
  }
  for (const start of since.values()) total += until - start;
  return total / 1000;
}
