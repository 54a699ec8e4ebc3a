import type { EngineEvent, EventOptions } from '@tutti/engine';
import { eventually } from '@tutti/testing';
import type { Workbench } from './harness.js';

/** Collects events until the test ends. */
class Recorder {
  readonly seen: EngineEvent[] = [];
  private readonly end: () => void;

  constructor(bench: Workbench, options: EventOptions = {}) {
    const subscription = bench.engine
      .events({ labels: bench.labels, ...options })
      .subscribe((event) => this.seen.push(event));
    this.end = () => subscription.unsubscribe();
  }

  types(): string[] {
    return this.seen.map(({ type }) => type);
  }

  /** Waits until `type` was seen `times` times. */
  async saw(type: EngineEvent['type'], times = 1): Promise<EngineEvent> {
    return eventually(() => this.seen.filter((event) => event.type === type)[times - 1], { describe: () => this.seen });
  }

  stop(): void {
    this.end();
  }
}

export function describeEvents(bench: () => Workbench): void {
  describe('events', () => {
    let recorder: Recorder;
    afterEach(() => recorder.stop());

    it('come in order, with labels and exit code', async () => {
      const { engine, harness } = bench();
      recorder = new Recorder(bench());
      await recorder.saw('connected');
      const id = await bench().start(harness.programs.exits(3, 50), { labels: { colour: 'red' } });
      await recorder.saw('die');
      await engine.remove(id);
      await recorder.saw('destroy');
      expect(recorder.types()).toEqual(['connected', 'create', 'start', 'die', 'destroy']);
      expect(recorder.seen[3]).toMatchObject({ id, exitCode: 3, labels: { ...bench().labels, colour: 'red' } });
    });

    it('are only those of containers with the labels', async () => {
      const { harness, labels } = bench();
      recorder = new Recorder(bench(), { labels: { ...labels, colour: 'red' } });
      await recorder.saw('connected');
      await bench().create(harness.programs.forever, { labels: { colour: 'blue' } });
      const red = await bench().create(harness.programs.forever, { labels: { colour: 'red' } });
      expect(await recorder.saw('create')).toMatchObject({ id: red });
    });

    it('tell of running out of memory before the end', async () => {
      recorder = new Recorder(bench());
      await recorder.saw('connected');
      await bench().start(bench().harness.programs.greedy);
      expect(await recorder.saw('die')).toMatchObject({ exitCode: 137 });
      expect(recorder.types()).toEqual(['connected', 'create', 'start', 'oom', 'die']);
    });

    it.each([
      [true, 'healthy'],
      [false, 'unhealthy'],
    ])('tell of health: a probe that passes (%p) makes it %s', async (passes, health) => {
      const { engine, harness } = bench();
      recorder = new Recorder(bench());
      await recorder.saw('connected');
      const healthcheck = {
        test: harness.probe(passes),
        intervalMs: 200,
        timeoutMs: 5000,
        retries: 1,
        startPeriodMs: 0,
      };
      const id = await bench().start(harness.programs.probed(passes), { healthcheck });
      expect((await engine.inspect(id))?.health?.status).toBe('starting');
      expect(await recorder.saw('health')).toMatchObject({ id, health });
      expect((await engine.inspect(id))?.health).toMatchObject({ status: health, lastOutput: expect.any(String) });
    });

    it('begin anew after a gap, and say so; without a connection there is no gap', async () => {
      const { harness } = bench();
      recorder = new Recorder(bench());
      await recorder.saw('connected');
      if (!harness.can.connection) {
        await harness.cut();
        await harness.mend();
        await bench().create(harness.programs.forever);
        await recorder.saw('create');
        expect(recorder.types()).toEqual(['connected', 'create']);
        return;
      }
      await harness.cut();
      expect(await recorder.saw('disconnected')).toMatchObject({ reason: expect.any(String) });
      await harness.mend();
      await recorder.saw('connected', 2);
      await bench().create(harness.programs.forever);
      await recorder.saw('create');
      expect(recorder.types()).toEqual(['connected', 'disconnected', 'connected', 'create']);
    });

    it('end with their signal', async () => {
      const controller = new AbortController();
      let ended = false;
      recorder = new Recorder(bench());
      bench()
        .engine.events({ signal: controller.signal })
        .subscribe({ complete: () => (ended = true) });
      controller.abort();
      await eventually(() => ended);
    });
  });
}
