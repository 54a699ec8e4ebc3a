import { failureOf, type Workbench } from './harness.js';

export function describeResources(bench: () => Workbench): void {
  describe('host and stats', () => {
    it('says what it is', async () => {
      const info = await bench().engine.info();
      expect(info).toMatchObject({ kind: expect.any(String), version: expect.any(String), os: 'linux' });
      expect(info.cpuMillis).toBeGreaterThanOrEqual(1000);
      expect(info.memoryBytes).toBeGreaterThan(2 ** 20);
      await bench().engine.ping();
    });

    it('samples what runs, and nothing else', async () => {
      const { engine, harness } = bench();
      const id = await bench().start(harness.programs.forever);
      const sample = await engine.stats(id);
      expect(sample?.memoryBytes).toBeGreaterThan(0);
      expect(sample?.cpuSeconds).toBeGreaterThanOrEqual(0);
      expect(Date.parse(sample?.at ?? '')).toBeGreaterThan(0);
      await engine.stop(id, { graceMs: 5000 });
      expect(await engine.stats(id)).toBeUndefined();
      expect(await engine.stats('tutti-no-such-container')).toBeUndefined();
    });
  });

  describe('networks', () => {
    it('are made once, however many ask at once', async () => {
      const { engine, labels } = bench();
      const name = bench().network();
      const made = await Promise.all(Array.from({ length: 8 }, () => engine.ensureNetwork({ name, labels })));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      expect(await engine.listNetworks({ labels })).toEqual([made[0]]);
      expect(made[0]).toMatchObject({ name, labels, gateway: expect.any(String) });
    });

    it('stay while a container runs on them', async () => {
      const { engine, harness, labels } = bench();
      const name = bench().network();
      await engine.ensureNetwork({ name, labels });
      const id = await bench().start(harness.programs.forever, { networks: [{ name, aliases: ['web'] }] });
      expect(await engine.removeNetwork(name)).toBe('in-use');
      await engine.remove(id, { force: true });
      expect(await engine.removeNetwork(name)).toBe('removed');
      expect(await engine.removeNetwork(name)).toBe('absent');
    });

    it('can be several for one container', async () => {
      const { engine, harness, labels } = bench();
      const names = [bench().network(), bench().network(), bench().network()];
      for (const name of names) await engine.ensureNetwork({ name, labels });
      const id = await bench().start(harness.programs.forever, {
        networks: names.map((name) => ({ name, aliases: [] })),
      });
      const { addresses = {} } = (await engine.inspect(id)) ?? {};
      expect(Object.keys(addresses).sort()).toEqual([...names].sort());
    });

    it('have to be there', async () => {
      const { engine, harness, labels } = bench();
      const there = bench().network();
      await engine.ensureNetwork({ name: there, labels });
      for (const names of [['tutti-no-such-network'], [there, 'tutti-no-such-network']]) {
        const networks = names.map((name) => ({ name, aliases: [] }));
        const attempt = bench().start(harness.programs.forever, { networks });
        expect(await failureOf(attempt)).toMatchObject({ code: 'no-such-network', retryable: true });
      }
    });
  });

  describe('ports', () => {
    it('are published where asked, or on a free one', async () => {
      const { engine, harness } = bench();
      const ports = [
        { target: 80, protocol: 'tcp' as const },
        { target: 53, protocol: 'udp' as const, hostIp: '127.0.0.1' },
      ];
      const id = await bench().start(harness.programs.forever, { ports });
      const published = (await engine.inspect(id))?.ports ?? [];
      expect(published).toHaveLength(2);
      expect(published).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ container: 80, protocol: 'tcp', host: expect.any(Number) }),
          expect.objectContaining({ container: 53, protocol: 'udp', hostIp: '127.0.0.1' }),
        ]),
      );
    });

    it('are taken once', async () => {
      const { engine, harness } = bench();
      const first = await bench().start(harness.programs.forever, { ports: [{ target: 80, protocol: 'tcp' }] });
      const port = (await engine.inspect(first))?.ports[0]?.host ?? 0;
      const second = await bench().create(harness.programs.forever, {
        ports: [{ target: 80, published: port, protocol: 'tcp' }],
      });
      const failure = await failureOf(engine.start(second));
      expect(failure).toMatchObject({ code: 'port-taken', retryable: true });
      expect(failure?.message).toContain(String(port));

      await engine.remove(first, { force: true });
      await engine.start(second);
      expect((await engine.inspect(second))?.ports).toMatchObject([{ host: port, container: 80 }]);
    });
  });

  describe('volumes', () => {
    it('are made once and stay while a container has them', async () => {
      const { engine, harness, labels } = bench();
      const name = bench().name('v');
      await engine.ensureVolume({ name, labels });
      expect(await engine.ensureVolume({ name, labels })).toMatchObject({ name, labels });
      expect((await engine.listVolumes({ labels })).map((volume) => volume.name)).toEqual([name]);
      const mounts = [{ type: 'volume' as const, source: name, target: '/data', readOnly: false }];
      const id = await bench().create(harness.programs.forever, { mounts });
      expect(await engine.removeVolume(name)).toBe('in-use');
      await engine.remove(id);
      expect(await engine.removeVolume(name)).toBe('removed');
      expect(await engine.removeVolume(name)).toBe('absent');
    });
  });
}
