import { failureOf, type Workbench } from './harness.js';

export function describeErrors(bench: () => Workbench): void {
  describe('errors', () => {
    it('tell a missing image, or a command that is missing where there are no images', async () => {
      const { engine, harness } = bench();
      if (!harness.can.images) {
        const failure = await failureOf(engine.create({ name: bench().name(), image: harness.absentImage }));
        expect(failure).toMatchObject({ name: 'EngineError', code: 'bad-config', retryable: false });
        expect(failure?.message).toContain(harness.absentImage);
        return;
      }
      expect(await engine.findImage(harness.absentImage)).toBeUndefined();
      expect(await engine.findImage(harness.image)).toMatchObject({ id: expect.any(String), digests: [] });
      const failure = await failureOf(bench().create(harness.programs.forever, { image: harness.absentImage }));
      expect(failure).toMatchObject({ name: 'EngineError', code: 'image-missing', retryable: false });
      expect(failure?.message).toContain(harness.absentImage);
    });

    it('tell an image that cannot be pulled, where there are images', async () => {
      const { engine, harness } = bench();
      if (!harness.can.images) {
        await engine.pull(harness.absentImage);
        expect(await engine.findImage(harness.absentImage)).toMatchObject({ digests: [] });
        return;
      }
      expect(await failureOf(engine.pull(harness.absentImage))).toMatchObject({ code: 'image-unpullable' });
    });

    it('are none where a registry does not say what a name stands for', async () => {
      const { engine, harness } = bench();
      const digest = `sha256:${'0'.repeat(64)}`;
      expect(await engine.resolveImage(harness.absentImage)).toBeUndefined();
      expect(await engine.resolveImage(`${harness.absentImage}@${digest}`)).toEqual({ digest });
    });

    it('tell a name that is taken', async () => {
      const { engine, harness } = bench();
      const config = bench().config(harness.programs.forever);
      await engine.create(config);
      expect(await failureOf(engine.create(config))).toMatchObject({ code: 'conflict', retryable: false });
    });

    it('tell a command that cannot be run, and keep saying so', async () => {
      const { engine, harness } = bench();
      const id = await bench().create(harness.programs.impossible);
      expect(await failureOf(engine.start(id))).toMatchObject({ code: 'bad-config', retryable: false });
      expect(await engine.inspect(id)).toMatchObject({ error: expect.any(String), exitCode: undefined });
    });

    it('tell a container that is not there', async () => {
      const { engine } = bench();
      const gone = 'tutti-no-such-container';
      expect(await failureOf(engine.start(gone))).toMatchObject({ code: 'not-found', retryable: false });
      expect(await failureOf(engine.stop(gone))).toMatchObject({ code: 'not-found' });
      expect(await failureOf(engine.kill(gone))).toMatchObject({ code: 'not-found' });
      expect(await engine.inspect(gone)).toBeUndefined();
    });

    it('are the reason of the signal where the caller gave up', async () => {
      const signal = AbortSignal.abort(new Error('changed my mind'));
      expect(await failureOf(bench().engine.list({ signal }))).toMatchObject({ message: 'changed my mind' });
    });
  });
}
