import { MAX_EXEC_OUTPUT } from '@tutti/engine';
import { failureOf, type Workbench } from './harness.js';

export function describeLifecycle(bench: () => Workbench): void {
  describe('lifecycle', () => {
    it('takes a container from creation to removal', async () => {
      const { engine, harness, labels } = bench();
      const wanted = bench().config(harness.programs.forever);
      const { id } = await engine.create(wanted);
      expect(await engine.inspect(id)).toMatchObject({
        id,
        name: wanted.name,
        state: 'created',
        labels,
        addresses: {},
      });

      await engine.start(id);
      const running = await engine.inspect(id);
      expect(running).toMatchObject({ state: 'running', oomKilled: false, pid: expect.any(Number) });
      expect(running?.exitCode).toBeUndefined();
      expect(Object.keys(running?.addresses ?? {})).toHaveLength(1);
      expect(Date.parse(running?.startedAt ?? '')).toBeGreaterThan(0);

      await engine.stop(id, { graceMs: 5000 });
      expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 143, addresses: {} });

      await engine.remove(id);
      expect(await engine.inspect(id)).toBeUndefined();
    });

    it('takes a repeated start, stop and removal for what it is', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.forever);
      const { startedAt } = (await engine.inspect(id)) ?? {};
      await engine.start(id);
      expect((await engine.inspect(id))?.startedAt).toBe(startedAt);
      await engine.stop(id, { graceMs: 5000 });
      await engine.stop(id, { graceMs: 5000 });
      await engine.remove(id);
      await engine.remove(id);
    });

    it('knows a container by its name too', async () => {
      const { engine, harness } = bench();
      const config = bench().config(harness.programs.forever);
      const { id } = await engine.create(config);
      await engine.start(config.name);
      expect(await engine.inspect(config.name)).toMatchObject({ id, state: 'running' });
    });

    it('tells the exit code, and starts again in place', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.exits(7, 50));
      const first = await bench().ended(id);
      expect(first).toMatchObject({ exitCode: 7, oomKilled: false });
      expect(first.pid).toBeUndefined();

      await engine.start(id);
      expect((await engine.inspect(id))?.startedAt).not.toBe(first.startedAt);
      expect((await bench().ended(id)).exitCode).toBe(7);
    });

    it('ends a stubborn container after its grace', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.stubborn);
      const before = Date.now();
      await engine.stop(id, { graceMs: 1000 });
      expect(Date.now() - before).toBeGreaterThanOrEqual(950);
      expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    it('stops with the grace the container was made with where none is given', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.stubborn, { stopGraceMs: 1000 });
      const before = Date.now();
      await engine.stop(id);
      expect(Date.now() - before).toBeLessThan(5000);
    });

    it('kills at once', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.stubborn);
      await engine.kill(id);
      expect(await bench().ended(id)).toMatchObject({ exitCode: 137, oomKilled: false });
      expect(await failureOf(engine.kill(id))).toMatchObject({ code: 'conflict' });
    });

    it('says so when a container ran out of memory', async () => {
      const id = await bench().start(bench().harness.programs.greedy);
      expect(await bench().ended(id)).toMatchObject({ exitCode: 137, oomKilled: true });
    });

    it('takes files into a container, or says that it cannot', async () => {
      const { engine, harness } = bench();
      const file = { target: '/run/secrets/a', data: 'x', uid: 1, gid: 2, mode: 0o400 };
      const config = bench().config(harness.programs.forever, { files: [file] });
      const making = engine.create(config);
      if (!harness.can.files) return expect(await failureOf(making)).toMatchObject({ code: 'bad-config' });
      await engine.start((await making).id);
      expect(await engine.inspect(config.name)).toMatchObject({ state: 'running' });
    });

    it('runs a command in a container, and only in one that runs', async () => {
      const { engine, harness } = bench();
      const id = await bench().create(harness.programs.forever);
      const command = ['sh', '-c', 'true'];
      expect(await failureOf(engine.exec(id, { command }))).toMatchObject({ code: 'conflict' });
      await engine.start(id);
      expect(await engine.exec(id, { command })).toEqual({ exitCode: 0, output: '' });
      expect(await failureOf(engine.exec('no-such', { command }))).toMatchObject({ code: 'not-found' });
    });

    it('tells how a command ended that was run in a container', async () => {
      const { engine } = bench();
      const { programs } = bench().harness;
      if (!programs.says) return;
      const id = await bench().start(programs.forever, { env: { A: 'own', B: 'b' } });
      const said = await engine.exec(id, { command: programs.says('$A$B', 3), env: { A: 'a' } });
      expect(said).toEqual({ exitCode: 3, output: 'ab\n' });
      const much = await engine.exec(id, { command: ['sh', '-c', 'yes | head -c 100000; echo end'] });
      expect([much.exitCode, much.output.length, much.output.slice(-5)]).toEqual([0, MAX_EXEC_OUTPUT, '\nend\n']);
      expect((await engine.exec(id, { command: ['no-such-command'] })).exitCode).toBeGreaterThan(125);
      const endless = engine.exec(id, { command: ['sleep', '60'] }, { timeoutMs: 300 });
      expect(await failureOf(endless)).toMatchObject({ code: 'timeout' });
    });

    it('removes a running container only by force', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.forever);
      expect(await failureOf(engine.remove(id))).toMatchObject({ code: 'conflict' });
      await engine.remove(id, { force: true });
      expect(await engine.inspect(id)).toBeUndefined();
    });

    it('lists by label, in any state', async () => {
      const { engine, harness, labels } = bench();
      const [made, started] = [
        await bench().create(harness.programs.forever),
        await bench().start(harness.programs.forever),
      ];
      const states = (await engine.list({ labels })).map(({ id, state }) => [id, state]);
      expect(states).toHaveLength(2);
      expect(states).toEqual(
        expect.arrayContaining([
          [made, 'created'],
          [started, 'running'],
        ]),
      );
      expect(await engine.list({ labels: { ...labels, other: '' } })).toEqual([]);
    });
  });
}
