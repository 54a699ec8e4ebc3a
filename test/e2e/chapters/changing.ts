import { compose, sleeper } from '../../harness/compose.js';
import { containerIds, ps, type Stage } from './stage.js';

const version = (text: string) => compose({ web: sleeper(2, { environment: { VERSION: text } }), store: sleeper() });

export function changing(stage: Stage): void {
  const run = async (args: string[], input = '') => {
    const { code, stdout, stderr } = await stage.cluster.run(args, { input });
    expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  };
  const revisions = async () =>
    (await stage.cluster.list('history', 'change')) as { revision: number; current: boolean }[];

  it('scales up and down without touching what stays', async () => {
    await run(['deploy', '-f', '-', 'change'], version('1'));
    const before = await containerIds(stage, 'change');
    await run(['scale', 'change/web=4']);
    const grown = await containerIds(stage, 'change');
    expect(grown).toHaveLength(5);
    expect(grown).toEqual(expect.arrayContaining(before));
    await run(['scale', 'change/web=1']);
    const shrunk = await containerIds(stage, 'change');
    expect(shrunk).toHaveLength(2);
    expect(grown).toEqual(expect.arrayContaining(shrunk));
  });

  it('keeps the logs of tasks that are gone', async () => {
    const tasks = (await ps(stage, 'change')).map(({ task }) => task);
    const { json } = await stage.cluster.http('GET', '/v1/logs/default/change?service=web');
    const spoke = new Set((json as { task: string }[]).map(({ task }) => task));
    expect([...spoke].filter((task) => !tasks.includes(task)).length).toBeGreaterThan(0);
    expect(await run(['logs', 'change/web'])).toMatch(/up/);
  });

  it('replaces only the services whose spec has changed', async () => {
    const store = async () => (await ps(stage, 'change')).find(({ service }) => service === 'store')?.container;
    const before = await store();
    await run(['deploy', '-f', '-', 'change'], version('2'));
    expect(await store()).toBe(before);
    const web = (await ps(stage, 'change')).filter(({ service }) => service === 'web');
    expect(web.map(({ revision }) => revision)).toEqual([2, 2]);
  });

  it('rolls back to the revision before, as a new one, and tells its history', async () => {
    await run(['rollback', 'change']);
    expect(await revisions()).toMatchObject([
      { revision: 3, current: true, rollbackOf: 1 },
      { revision: 2 },
      { revision: 1 },
    ]);
    await run(['rollback', 'change', '--to', '2']);
    expect((await revisions())[0]).toMatchObject({ revision: 4, rollbackOf: 2 });
  });

  it('restarts a service by replacing its tasks', async () => {
    const before = await ps(stage, 'change');
    await run(['restart', 'change/web']);
    const after = await ps(stage, 'change');
    const idsOf = (tasks: typeof after, service: string) =>
      tasks.filter((task) => task.service === service).map(({ container }) => container);
    expect(idsOf(after, 'store')).toEqual(idsOf(before, 'store'));
    expect(idsOf(after, 'web')).toHaveLength(2);
    for (const id of idsOf(before, 'web')) expect(idsOf(after, 'web')).not.toContain(id);
    await run(['rm', 'change']);
  });

  it('knows an application that is deployed again from the one of that name that was removed', async () => {
    await run(['deploy', '-f', '-', 'change'], compose({ other: sleeper(2) }));
    const tasks = await ps(stage, 'change');
    expect(tasks.map(({ service, state, revision }) => ({ service, state, revision }))).toEqual([
      { service: 'other', state: 'running', revision: 1 },
      { service: 'other', state: 'running', revision: 1 },
    ]);
    await run(['rm', 'change']);
  });
}
