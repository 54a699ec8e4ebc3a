import type { EngineLogLine, LogOptions } from '@tutti/engine';
import { failureOf, type Workbench } from './harness.js';

export function describeLogs(bench: () => Workbench): void {
  const collect = async (id: string, options: LogOptions = {}): Promise<EngineLogLine[]> => {
    const lines: EngineLogLine[] = [];
    for await (const line of bench().engine.logs(id, options)) lines.push(line);
    return lines;
  };
  const textOf = (lines: EngineLogLine[]): string[] => lines.map(({ line }) => line);

  describe('logs', () => {
    it('keep the two streams apart and lose nothing', async () => {
      const program = bench().harness.programs.prints({ stdout: ['one', '', 'dреи ✓'], stderr: ['oops'] });
      const id = await bench().start(program);
      await bench().ended(id);
      const lines = await collect(id);
      expect(textOf(lines.filter(({ stream }) => stream === 'stdout'))).toEqual(['one', '', 'dреи ✓']);
      expect(textOf(lines.filter(({ stream }) => stream === 'stderr'))).toEqual(['oops']);
      for (const { at } of lines) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    it('are followed until the container ends', async () => {
      const id = await bench().start(bench().harness.programs.prints({ stdout: ['a', 'b', 'c'] }));
      expect(textOf(await collect(id, { follow: true }))).toEqual(['a', 'b', 'c']);
    });

    it('go on after a cursor', async () => {
      const id = await bench().start(bench().harness.programs.prints({ stdout: ['a', 'b', 'c'] }));
      await bench().ended(id);
      const [first] = await collect(id);
      expect(textOf(await collect(id, { after: first?.cursor }))).toEqual(['b', 'c']);
    });

    it('give their tail', async () => {
      const id = await bench().start(bench().harness.programs.prints({ stdout: ['a', 'b', 'c'] }));
      await bench().ended(id);
      expect(textOf(await bench().engine.tailLogs(id, 2))).toEqual(['b', 'c']);
      expect(textOf(await collect(id, { tail: 1 }))).toEqual(['c']);
    });

    it('end when the reader gives up', async () => {
      const id = await bench().start(bench().harness.programs.forever);
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('enough')), 50);
      expect(await failureOf(collect(id, { follow: true, signal: controller.signal }))).toMatchObject({
        message: 'enough',
      });
    });

    it('of nothing are not found', async () => {
      expect(await failureOf(collect('tutti-no-such-container'))).toMatchObject({ code: 'not-found' });
      expect(await failureOf(bench().engine.tailLogs('tutti-no-such-container', 5))).toMatchObject({
        code: 'not-found',
      });
    });
  });
}
