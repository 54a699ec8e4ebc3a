import fc from 'fast-check';
import type { ApplicationSpec, OutcomeRecord } from '@tutti/model';
import type { Command, Decision, Known } from './command.js';
import { decide } from './decide.js';
import { equal } from './equal.js';
import { decodeSpec } from './spec/decode-spec.js';
import { KEPT_REVISIONS } from './trim.js';

const NOW = '2025-01-01T00:00:00.000Z';

function specOf(services: Record<string, object>): ApplicationSpec {
  const { spec, faults } = decodeSpec({ services });
  expect(faults).toEqual([]);
  return spec;
}

const head = (command: string) => ({ namespace: 'default', command, app: 'shop' });
const deploy = (command: string, spec: ApplicationSpec): Command => ({
  ...head(command),
  verb: 'deploy',
  request: { spec, contents: [], digests: {}, ignored: [], findings: [] },
});

/** Policy's records of one application, as its decisions leave them. */
class World {
  known: Known = { revisions: [] };
  readonly outcomes = new Map<string, OutcomeRecord>();

  do(command: Command): Decision | undefined {
    const outcome = this.outcomes.get(command.command);
    const decision = decide(command, { ...this.known, ...(outcome && { outcome }) }, NOW);
    if (!decision) return undefined;
    this.outcomes.set(command.command, decision.outcome);
    const revisions = this.known.revisions.filter(({ revision }) => !decision.trimmed.includes(revision));
    this.known = {
      ...this.known,
      ...(decision.app && { app: decision.app.record }),
      revisions: [...revisions, ...(decision.revision ? [decision.revision] : [])],
    };
    return decision;
  }
}

const A = specOf({ web: { image: 'a:1' }, api: { image: 'api:1', replicas: 2 } });
const B = specOf({ web: { image: 'b:1' }, api: { image: 'api:1', replicas: 2 } });
const C = specOf({ web: { image: 'c:1' } });

describe('decide', () => {
  it('creates, changes and leaves alone', () => {
    const world = new World();
    expect(world.do(deploy('1', A))?.app?.event).toBe('created');
    expect(world.do(deploy('2', B))?.outcome).toMatchObject({ changed: true, revision: 2, generation: 2 });
    const again = world.do(deploy('3', B));
    expect(again?.outcome).toMatchObject({ status: 'accepted', changed: false, revision: 2, generation: 2 });
    expect(again?.app ?? again?.revision).toBeUndefined();
  });

  it('refuses what was planned on something else', () => {
    const world = new World();
    const planned = (id: string, expectGeneration: number): Command => {
      const command = deploy(id, B);
      return { ...command, request: { ...command.request, expectGeneration } } as Command;
    };
    expect(world.do(planned('0', 1))?.outcome.status).toBe('rejected');
    world.do(deploy('1', A));
    expect(world.do(planned('2', 0))?.outcome.reasons[0]?.message).toContain('has changed since this was planned');
    const accepted = world.do(planned('3', 1));
    expect(accepted?.outcome.status).toBe('accepted');
    expect(accepted?.revision).not.toHaveProperty('expectGeneration');
  });

  it('keeps a scale where the file says nothing, and takes the file at its word where it does', () => {
    const world = new World();
    world.do(deploy('1', A));
    world.do({ ...head('2'), verb: 'scale', request: { services: { web: 5, api: 7 } } });
    expect(world.known.app?.scale).toEqual({ web: 5, api: 7 });
    world.do(deploy('3', B));
    expect(world.known.app?.scale).toEqual({ web: 5 });
  });

  it('takes the replicas of an unchanged file back', () => {
    const world = new World();
    world.do(deploy('1', A));
    world.do({ ...head('2'), verb: 'scale', request: { services: { api: 7 } } });
    expect(world.do(deploy('3', A))?.outcome).toMatchObject({ changed: true, revision: 1, generation: 3 });
    expect(world.known.app?.scale).toEqual({});
  });

  it('names every unknown service at once, and the known ones', () => {
    const world = new World();
    world.do(deploy('1', A));
    const refused = world.do({ ...head('2'), verb: 'scale', request: { services: { wbe: 5, apy: 7, web: 1 } } });
    expect(refused?.outcome).toMatchObject({ status: 'rejected', changed: false });
    expect(refused?.outcome.reasons.map(({ path }) => path)).toEqual(['services.wbe', 'services.apy']);
    expect(refused?.outcome.reasons[0]?.message).toContain('web and api');
  });

  it('goes back step by step, and ends at the first', () => {
    const world = new World();
    for (const [id, spec] of Object.entries({ 1: A, 2: B, 3: C })) world.do(deploy(id, spec));
    const back = (id: string) => world.do({ ...head(id), verb: 'rollback', request: {} });
    expect(back('r1')?.revision).toMatchObject({ revision: 4, rollbackOf: 2, spec: B });
    expect(back('r2')?.revision).toMatchObject({ revision: 5, rollbackOf: 1, spec: A });
    expect(back('r3')?.outcome).toMatchObject({ status: 'rejected' });
  });

  it('goes to a given revision, and refuses one that is not there', () => {
    const world = new World();
    for (const [id, spec] of Object.entries({ 1: A, 2: B, 3: C })) world.do(deploy(id, spec));
    expect(world.do({ ...head('r'), verb: 'rollback', request: { to: 1 } })?.revision).toMatchObject({ rollbackOf: 1 });
    const refused = world.do({ ...head('s'), verb: 'rollback', request: { to: 9 } });
    expect(refused?.outcome.reasons[0]?.message).toContain('1, 2, 3 and 4');
  });

  describe('while a new version takes over', () => {
    const under = (over: object = {}, shift: object = { step: 1, steps: 3 }): World => {
      const world = new World();
      for (const [id, spec] of Object.entries({ 1: A, 2: B })) world.do(deploy(id, spec));
      const rollout = {
        revision: 2,
        generation: 2,
        stable: 1,
        revisionsInUse: [],
        services: { web: { shift } },
        ...over,
      };
      world.known.rollout = rollout as unknown as NonNullable<Known['rollout']>;
      return world;
    };
    const ask = (world: World, verb: 'promote' | 'abort', request: object = {}) =>
      world.do({ ...head(`${verb}-${JSON.stringify(request).length}`), verb, request });

    it('promotes it to the next step, or to the last', () => {
      const promoted = ask(under(), 'promote')?.app?.record;
      expect(promoted).toMatchObject({ generation: 3, revision: 2, promoted: { revision: 2, steps: { web: 2 } } });
      expect(ask(under(), 'promote', { all: true })?.app?.record.promoted?.steps.web).toBeGreaterThan(2);
      const waits = under({}, { step: 3, steps: 3, waitsFor: '40 more of 40 requests' });
      expect(ask(waits, 'promote')?.app?.record.promoted?.steps.web).toBe(4);
      const twice = under();
      ask(twice, 'promote');
      expect(ask(twice, 'promote', { service: 'web' })?.outcome).toMatchObject({ status: 'accepted', changed: false });
    });

    it.each<[string, World, object]>([
      ['all of the traffic is there', under({}, { step: 3, steps: 3 }), {}],
      ['no traffic moves', under({ services: {} }), {}],
      ['it is being rolled back', under({ target: 1 }), {}],
      ['there is no such service', under(), { service: 'none' }],
    ])('does not promote it where %s', (_, world, request) => {
      expect(ask(world, 'promote', request)?.outcome.status).toBe('rejected');
    });

    it('gives it up, unless it is done or there is nothing before it', () => {
      expect(ask(under(), 'abort')?.app?.record).toMatchObject({ aborted: 2, generation: 3, revision: 2 });
      expect(ask(under({ doneAt: NOW }), 'abort')?.outcome.status).toBe('rejected');
      expect(ask(under({ stable: undefined }), 'abort')?.outcome.status).toBe('rejected');
      expect(ask(under({ target: 1 }), 'abort')?.outcome.status).toBe('rejected');
    });
  });

  describe('after an update that has failed', () => {
    const failed = (over: Partial<NonNullable<Known['rollout']>>): World => {
      const world = new World();
      for (const [id, spec] of Object.entries({ 1: A, 2: B, 3: C })) world.do(deploy(id, spec));
      const rollout = { revision: 3, generation: 3, revisionsInUse: [], ...over };
      world.known.rollout = rollout as unknown as NonNullable<Known['rollout']>;
      return world;
    };

    it('a deploy of the same file tries again', () => {
      const given = failed({ phase: 'rolled-back', target: 2 });
      expect(given.do(deploy('again', C))?.outcome).toMatchObject({ changed: true, revision: 4, generation: 4 });
      expect(failed({ phase: 'paused' }).do(deploy('again', C))?.outcome).toMatchObject({ changed: true });
      expect(failed({ phase: 'done' }).do(deploy('again', C))?.outcome).toMatchObject({ changed: false });
    });

    it('a rollback goes to what was before that which is in effect', () => {
      const back = failed({ phase: 'rolled-back', target: 2 }).do({ ...head('r'), verb: 'rollback', request: {} });
      expect(back?.revision).toMatchObject({ revision: 4, rollbackOf: 1 });
    });

    it('what may be gone back to is kept', () => {
      const world = failed({ phase: 'rolling-back', target: 2, stable: 2, earlier: 1 });
      for (let n = 4; n <= 30; n += 1) world.do(deploy(`d${n}`, specOf({ web: { image: `a:${n}` } })));
      expect(world.known.revisions.map(({ revision }) => revision)).toEqual(expect.arrayContaining([1, 2, 3]));
    });
  });

  it('revives an application that is being removed, and refuses all else on it', () => {
    const world = new World();
    world.do(deploy('1', A));
    expect(world.do({ ...head('2'), verb: 'remove', request: {} })?.app?.event).toBe('removing');
    expect(world.do({ ...head('3'), verb: 'restart', request: {} })?.outcome.status).toBe('rejected');
    expect(world.do(deploy('4', A))?.outcome).toMatchObject({ changed: true, revision: 1, generation: 3 });
    expect(world.known.app?.state).toBe('active');
  });

  it('begins above the generation that an application of the same name had reached', () => {
    const rollout = { generation: 7, revisionsInUse: [] } as unknown as NonNullable<Known['rollout']>;
    expect(decide(deploy('1', A), { revisions: [], rollout }, NOW)?.outcome.generation).toBe(8);
  });

  it('keeps ten revisions and those that tasks still run', () => {
    const world = new World();
    world.do(deploy('first', A));
    world.known.rollout = { revision: 1, generation: 1, revisionsInUse: [1] } as unknown as NonNullable<
      Known['rollout']
    >;
    for (let n = 2; n <= 30; n += 1) world.do(deploy(`d${n}`, specOf({ web: { image: `a:${n}` } })));
    const kept = world.known.revisions.map(({ revision }) => revision);
    expect(kept).toEqual([1, ...Array.from({ length: KEPT_REVISIONS }, (_, index) => 21 + index)]);
  });
});

const anyCommand: fc.Arbitrary<Command> = fc
  .record({
    id: fc.integer({ min: 0, max: 30 }).map((n) => `c${n}`),
    pick: fc.integer({ min: 0, max: 9 }),
    n: fc.nat(6),
  })
  .map(({ id, pick, n }): Command => {
    if (pick < 4) return deploy(id, [A, B, C][n % 3] ?? A);
    if (pick < 6) return { ...head(id), verb: 'scale', request: { services: { [n % 2 ? 'web' : 'api']: n } } };
    if (pick < 8) return { ...head(id), verb: 'rollback', request: n < 4 ? {} : { to: n } };
    return pick === 8 ? { ...head(id), verb: 'restart', request: {} } : { ...head(id), verb: 'remove', request: {} };
  });

describe('any history of commands', () => {
  it('keeps what must hold', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
        const world = new World();
        for (const command of commands) {
          const before = world.known;
          const decided = world.outcomes.has(command.command);
          const decision = world.do(command);
          // A command that was answered changes nothing, however often it comes.
          expect(decision === undefined).toBe(decided);
          const { app, revisions } = world.known;
          const changed = decision?.outcome.changed ?? false;
          // Each accepted change, and nothing else, moves the application on by one generation.
          expect(app?.generation ?? 0).toBe((before.app?.generation ?? 0) + Number(changed));
          if (!changed) expect(world.known.app).toBe(before.app);
          if (!app) continue;
          const current = revisions.find(({ revision }) => revision === app.revision);
          expect(current).toBeDefined();
          const services = Object.keys(current?.spec.services ?? {});
          expect(Object.keys(app.scale).every((name) => services.includes(name))).toBe(true);
          expect(new Set(revisions.map(({ revision }) => revision)).size).toBe(revisions.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is undone by finitely many rollbacks', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        const world = new World();
        for (const command of commands) world.do(command);
        const undone = Array.from({ length: 100 }, (_, n) =>
          world.do({ ...head(`undo${n}`), verb: 'rollback', request: {} }),
        );
        expect(undone.at(-1)?.outcome.status).toBe('rejected');
      }),
      { numRuns: 200 },
    );
  });
});

describe('equal', () => {
  it('is what JSON with sorted keys says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(equal(a, structuredClone(a))).toBe(true);
        expect(equal(a, b)).toBe(equal(b, a));
      }),
    );
  });
});
