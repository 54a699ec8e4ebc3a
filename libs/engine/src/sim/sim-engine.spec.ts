import { firstValueFrom, take, toArray } from 'rxjs';
import { describeEngine } from '../../../../test/conformance/engine/describe-engine.js';
import { simHarness } from '../../../../test/conformance/engine/sim.js';
import { ManualClock, SimEngine } from '../index.js';

describeEngine('sim', simHarness);

describe('sim engine on demand', () => {
  it('crashes, runs out of memory and falls ill when told to', async () => {
    const engine = new SimEngine({ clock: new ManualClock() });
    const events = firstValueFrom(engine.events().pipe(take(8), toArray()));
    const { id } = await engine.create({ name: 'a', image: 'x' });
    await engine.start(id);
    engine.setHealth(id, 'unhealthy');
    engine.crash(id, 9);
    await engine.start(id);
    engine.exhaustMemory(id);
    expect((await events).map(({ type }) => type)).toEqual([
      ...['create', 'connected', 'start', 'health', 'die', 'start', 'oom', 'die'],
    ]);
    expect(await engine.inspect(id)).toMatchObject({ exitCode: 137, oomKilled: true });
  });

  it('fails the next calls of a kind, each once', async () => {
    const engine = new SimEngine();
    engine.failNext('ping', 'unavailable');
    await expect(engine.ping()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await engine.ping();
  });

  it('keeps an image that was pulled by digest when its name moves on', async () => {
    const engine = new SimEngine({ images: { web: { absent: true, digest: 'sha256:a', exitCode: 1 } } });
    expect(await engine.resolveImage('web')).toEqual({ digest: 'sha256:a' });
    await engine.pull('web', { digest: 'sha256:a' });
    engine.publish('web', { digest: 'sha256:b', absent: true });
    expect(await engine.resolveImage('web')).toEqual({ digest: 'sha256:b' });
    expect(await engine.findImage('web')).toMatchObject({ digests: ['web@sha256:a'] });
    await engine.create({ name: 'a', image: 'web@sha256:a' });
    const unknown = engine.create({ name: 'b', image: 'web@sha256:b' });
    await expect(unknown).rejects.toMatchObject({ code: 'image-missing' });
  });

  it('takes its time from its clock', async () => {
    const clock = new ManualClock();
    const engine = new SimEngine({ clock, latencies: { start: 300 } });
    const { id } = await engine.create({
      name: 'a',
      image: 'x',
      labels: { 'sim.exit-after': '5s', 'sim.exit-code': '4' },
    });
    const started = engine.start(id);
    await clock.advance(299);
    expect(await engine.inspect(id)).toMatchObject({ state: 'created' });
    await clock.advance(1);
    await started;
    await clock.advance(2000);
    expect(await engine.stats(id)).toMatchObject({ cpuSeconds: 0.02 });
    await clock.advance(3000);
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 4 });
    await expect(Promise.all([engine.start(id, { timeoutMs: 100 }), clock.advance(500)])).rejects.toMatchObject({
      code: 'timeout',
    });
  });

  it('repeats itself for the same seed, and only then', async () => {
    const idOf = async (seed: number) => (await new SimEngine({ seed }).create({ name: 'a', image: 'x' })).id;
    expect(await idOf(1)).toBe(await idOf(1));
    expect(await idOf(1)).not.toBe(await idOf(2));
  });

  it('refuses labels that mean nothing', async () => {
    const attempt = new SimEngine().create({ name: 'a', image: 'x', labels: { 'sim.exit': '1' } });
    await expect(attempt).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining('sim.exit-after'),
    });
  });

  it('carries thousands of containers', async () => {
    const engine = new SimEngine({ clock: new ManualClock() });
    const before = performance.now();
    for (let n = 0; n < 5000; n++) await engine.start((await engine.create({ name: `c${n}`, image: 'x' })).id);
    expect(performance.now() - before).toBeLessThan(3000);
    expect(await engine.list()).toHaveLength(5000);
  });
});
