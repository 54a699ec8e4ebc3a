import { isTerminal, sharedName, STATE_RANK, type ServiceSpec, type StatusRecord, type TaskTarget } from '@tutti/model';
import fc from 'fast-check';
import { aService, aSpec, aTask } from '../testing/builders.js';
import type { Fact, Seen } from './facts.js';
import { learn } from './learn.js';
import { NO_ATTEMPTS } from './restart-policy.js';
import { beginLife, type Life } from './life.js';
import { reportOf } from './report.js';
import { nextStep, type Action } from './steps.js';

/** What goes wrong, or is wanted, between two steps. */
const DISTURBANCES = [
  ...(['crash', 'crash unseen', 'vanish', 'late event', 'list again', 'agent restarts'] as const),
  ...(['unavailable', 'timeout', 'port-taken', 'image-missing', 'not-found'] as const),
  ...(['drain', 'stop', 'drop'] as const),
  ...(['cut off', 'hold', 'back', 'hook fails'] as const),
];
type Disturbance = (typeof DISTURBANCES)[number];

const SERVICE = aService({
  restart: { condition: 'any', delayMs: 10, maxAttempts: 4 },
  ports: [{ target: 80, published: { from: 8080, to: 8080 }, protocol: 'tcp', mode: 'ingress' }],
});
const HOOKED: ServiceSpec = { ...SERVICE, postStart: [{ command: ['warm-up'], environment: {} }] };
const RUNS = 4;

/** One task, its agent's mind, and an engine in a few lines. */
class World {
  life: Life;
  forgotten = false;
  starts = 0;
  reports: StatusRecord[] = [];
  private task = aTask();
  private wanted: TaskTarget | 'gone' = 'run';
  private container: Seen | undefined;
  private failNext: string | undefined;
  private hookFails = false;
  private standing: Fact = { type: 'standing', holdsStarts: false, isCutOff: false };
  private ms = 1_000_000;
  private ids = 0;

  constructor(private readonly service: ServiceSpec = SERVICE) {
    this.life = beginLife(this.task, undefined, this.iso());
    this.tell({ type: 'wanted', task: this.task });
  }

  /** What the engine has now. */
  get real(): Seen | undefined {
    return this.container;
  }

  get target(): TaskTarget | 'gone' {
    return this.wanted;
  }

  /** Steps until nothing is left to do. Returns how many it took. */
  settle(limit: number): number {
    for (let steps = 0; steps < limit; steps++) if (!this.step()) return steps;
    throw new Error(`still busy after ${limit} steps: ${JSON.stringify(this.life)}`);
  }

  /** One step; false when there is none. */
  step(): boolean {
    if (this.forgotten) return false;
    const step = nextStep(this.life, this.ms);
    if (step.do === 'rest') return false;
    if (step.do === 'wait') this.ms = step.untilMs;
    else this.execute(step.do);
    return true;
  }

  disturb(what: Disturbance): void {
    switch (what) {
      case 'crash':
        return this.crash(true);
      case 'crash unseen':
        this.crash(false);
        return this.found();
      case 'vanish':
        this.crash(true);
        this.container = undefined;
        return this.tell({ type: 'destroyed' });
      case 'late event':
        return this.life.lastExit && this.tell({ type: 'died', code: 1, at: this.life.lastExit.at });
      case 'list again':
        return this.found();
      case 'agent restarts':
        return this.restartAgent();
      case 'hook fails':
        this.hookFails = true;
        return;
      case 'cut off':
      case 'hold':
      case 'back':
        this.standing = { type: 'standing', holdsStarts: what === 'hold', isCutOff: what === 'cut off' };
        return this.tell(this.standing);
      case 'drain':
      case 'stop':
      case 'drop':
        return this.want(what === 'drop' ? 'gone' : what);
      default:
        this.failNext = what;
    }
  }

  private want(target: TaskTarget | 'gone'): void {
    const order = ['run', 'drain', 'stop', 'gone'];
    if (order.indexOf(target) <= order.indexOf(this.wanted)) return;
    this.wanted = target;
    if (target === 'gone') return this.tell({ type: 'unwanted' });
    this.tell({ type: 'wanted', task: { ...this.task, target } });
  }

  private restartAgent(): void {
    this.life = beginLife(this.task, this.reports.at(-1), this.iso());
    this.tell(this.standing);
    if (this.wanted !== 'gone') this.tell({ type: 'wanted', task: { ...this.task, target: this.wanted } });
    this.found();
  }

  private found(): void {
    const id = this.container?.id ?? this.life.container?.id;
    if (id) this.tell({ type: 'found', id, isFenced: this.service.onPartition === 'stop' });
  }

  private crash(seen: boolean): void {
    if (this.container?.state !== 'running') return;
    this.end(1);
    if (seen) this.tell({ type: 'died', code: 1, at: this.iso() });
  }

  private end(exitCode: number): void {
    if (!this.container) return;
    this.container = { ...this.container, state: 'exited', exitCode, finishedAt: this.iso() };
  }

  private execute(action: Action): void {
    const code = this.failNext;
    this.failNext = undefined;
    if (code && action !== 'collect' && action !== 'knock' && action !== 'conclude' && action !== 'forget') {
      if (action === 'start') this.tell({ type: 'starting' });
      const retryable = code !== 'image-missing' && code !== 'not-found';
      if (code === 'not-found') this.container = undefined;
      const during = action === 'fence' ? 'stop' : action;
      return this.tell({ type: 'refused', refusal: { during, code, message: code, retryable } });
    }
    this.actions[action]();
  }

  private readonly actions: Record<Action, () => void> = {
    load: () => this.tell({ type: 'loaded', plan: { app: aSpec({ web: this.service }), service: this.service } }),
    pull: () => this.tell({ type: 'pulled' }),
    create: () => {
      const addresses = { [sharedName(this.task, 'default')]: '10.0.0.2' };
      this.container ??= { id: `c${++this.ids}`, state: 'created', oomKilled: false, addresses, ports: [] };
      this.tell({ type: 'created', id: this.container.id });
    },
    start: () => {
      this.tell({ type: 'starting' });
      if (!this.container) return this.refuseAsGone('start');
      if (this.container.state !== 'running') this.starts += 1;
      this.container = { ...this.container, state: 'running', startedAt: this.iso(), finishedAt: undefined };
      this.tell({ type: 'started' });
    },
    hook: () => {
      if (this.container?.state !== 'running') {
        const [code, message] = this.container ? ['conflict', 'it does not run'] : ['not-found', 'gone'];
        return this.tell({ type: 'refused', refusal: { during: 'hook', code, message, retryable: false } });
      }
      if (this.hookFails || this.life.hookFailure) {
        this.hookFails = false;
        this.tell({ type: 'hook-failed', failure: 'the hook failed' });
        this.end(137);
        return this.actions.look();
      }
      this.tell({ type: 'hooked' });
    },
    look: () => {
      this.tell({ type: 'looking' });
      this.tell({ type: 'looked', seen: this.container?.id === this.life.container?.id ? this.container : undefined });
    },
    knock: () => {
      this.tell({ type: 'knocking' });
      this.tell({ type: 'listens', run: this.life.listening?.run ?? '' });
    },
    collect: () => {
      this.tell({ type: 'collecting' });
      this.tell({ type: 'evidence', exitAt: this.life.lastExit?.at ?? '', lines: [] });
    },
    stop: () => {
      if (!this.container) return this.refuseAsGone('stop');
      if (this.container.state === 'running') this.end(143);
      this.tell({ type: 'stopped' });
    },
    fence: () => {
      if (!this.container) return this.refuseAsGone('stop');
      if (this.container.state === 'running') this.end(143);
      this.actions.look();
    },
    remove: () => {
      this.container = undefined;
      this.tell({ type: 'removed' });
    },
    conclude: () => this.tell({ type: 'concluded' }),
    forget: () => (this.forgotten = true),
  };

  private refuseAsGone(during: 'start' | 'stop'): void {
    this.tell({ type: 'refused', refusal: { during, code: 'not-found', message: 'gone', retryable: false } });
  }

  private tell(fact: Fact): void {
    this.ms += 1;
    this.life = learn(this.life, fact, { ms: this.ms, iso: this.iso() });
    const report = reportOf(this.life, this.reports.at(-1));
    if (report) this.reports.push(report.status);
    this.ms += 1;
  }

  private iso(): string {
    return new Date(this.ms).toISOString();
  }
}

const aHistory = fc.array(
  fc.record({ steps: fc.integer({ min: 0, max: 6 }), what: fc.constantFrom(...DISTURBANCES) }),
  { maxLength: 12 },
);

function play(history: readonly { steps: number; what: Disturbance }[], service: ServiceSpec = SERVICE): World {
  const world = new World(service);
  for (const { steps, what } of history) {
    for (let n = 0; n < steps; n++) world.step();
    world.disturb(what);
  }
  world.settle(60);
  world.disturb('back');
  world.settle(60);
  return world;
}

describe('steps of a fenced task, whatever happens in between', () => {
  const fenced = { ...SERVICE, onPartition: 'stop' as const };

  test('end with its container stopped while the node is cut off, and running again when it is back', () => {
    fc.assert(
      fc.property(aHistory, (history) => {
        const world = new World(fenced);
        for (const { steps, what } of history) {
          for (let n = 0; n < steps; n++) world.step();
          world.disturb(what);
        }
        world.disturb('cut off');
        world.settle(60);
        expect(world.real?.state).not.toBe('running');
        world.disturb('back');
        world.settle(60);
        if (world.target === 'run' && !isTerminal(world.life.state)) expect(world.real?.state).toBe('running');
      }),
      { numRuns: 1000 },
    );
  });

  test('a stop by the fence counts for no attempt, and says why', () => {
    const world = new World({ ...fenced, restart: { condition: 'none' } });
    world.settle(10);
    world.disturb('cut off');
    world.settle(10);
    expect(world.reports.at(-1)).toMatchObject({ state: 'starting', restarts: 1, lastExit: { code: 143 } });
    expect(world.reports.at(-1)?.action).toMatch(/the node was cut off/);
    world.disturb('back');
    world.settle(10);
    expect([world.life.state, world.life.attempts, world.starts]).toEqual(['running', NO_ATTEMPTS, 2]);
  });

  test('what is not fenced goes on, and is healed, while the node is cut off', () => {
    const world = new World();
    world.settle(10);
    world.disturb('cut off');
    world.disturb('crash');
    world.settle(10);
    expect([world.real?.state, world.starts]).toEqual(['running', 2]);
  });

  test('nothing is started while starts are held', () => {
    const world = new World();
    world.disturb('hold');
    world.settle(10);
    expect(world.starts).toBe(0);
  });
});

describe('steps, whatever happens in between', () => {
  const always = (check: (world: World) => void): void =>
    fc.assert(
      fc.property(aHistory, fc.constantFrom<ServiceSpec>(SERVICE, HOOKED), (history, service) =>
        check(play(history, service)),
      ),
      { numRuns: 3000 },
    );

  test('without disturbance: load, create, start, look, knock', () => {
    const world = new World();
    expect(world.settle(10)).toBe(5);
    expect(world.reports.map(({ state, health }) => `${state} ${health}`)).toEqual([
      ...['accepted none', 'starting none', 'running starting', 'running none'],
    ]);
  });

  test('whatever happens, what runs in the end is no longer said to be starting', () => {
    always(({ reports, target }) => {
      const last = reports.at(-1);
      if (target === 'run' && last?.state === 'running') expect(last.health).toBe('none');
    });
  });

  test('a task counts as running once its hooks have ended well', () => {
    const world = new World(HOOKED);
    expect(world.settle(10)).toBe(7);
    expect(world.reports.map(({ state, message }) => [state, message])).toEqual([
      ['accepted', undefined],
      ['starting', undefined],
      ['starting', 'running its post_start hooks'],
      ['running', undefined],
      ['running', undefined],
    ]);
  });

  test('a hook that fails fails the run, and says so', () => {
    const world = new World(HOOKED);
    world.disturb('hook fails');
    world.settle(20);
    expect([world.life.state, world.life.restarts]).toEqual(['running', 1]);
    expect(world.life.lastExit).toMatchObject({ code: 137, reason: 'the hook failed' });
    const never = new World({ ...HOOKED, restart: { condition: 'none' } });
    never.disturb('hook fails');
    never.settle(20);
    expect(never.reports.at(-1)).toMatchObject({ state: 'failed', error: 'the hook failed' });
  });

  test('what cannot be loaded any more is stopped if it runs', () => {
    const world = play([
      { steps: 3, what: 'image-missing' },
      { steps: 0, what: 'agent restarts' },
      { steps: 1, what: 'image-missing' },
    ]);
    expect([world.life.state, world.real?.state]).toEqual(['rejected', 'exited']);
  });

  test('come to rest where the task is as it is wanted', () => {
    always(({ life, real, target, forgotten }) => {
      if (target === 'gone') return expect([forgotten, real]).toEqual([true, undefined]);
      if (target === 'stop') return expect([isTerminal(life.state), real]).toEqual([true, undefined]);
      if (isTerminal(life.state)) return expect(real?.state).not.toBe('running');
      // What is drained is not made anew.
      if (target === 'run') expect([life.state, real?.state]).toEqual(['running', 'running']);
      return undefined;
    });
  });

  test('never start a container more often than the policy allows', () => {
    fc.assert(
      fc.property(aHistory, (history) => {
        const world = play(history.filter(({ what }) => what === 'crash' || what === 'late event'));
        expect(world.starts).toBeLessThanOrEqual(RUNS + 1);
        expect(world.life.restarts).toBeLessThanOrEqual(RUNS);
      }),
    );
  });

  test('report in order: the count of restarts grows, and within a run the rank', () => {
    always(({ reports }) => {
      for (const [index, next] of reports.slice(1).entries()) {
        const last = reports[index] as StatusRecord;
        const inOrder =
          next.restarts > last.restarts ||
          (next.restarts === last.restarts && STATE_RANK[next.state] >= STATE_RANK[last.state]);
        expect(inOrder || [last, next]).toBe(true);
      }
    });
  });
});
