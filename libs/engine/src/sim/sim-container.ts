import type { EngineHealth } from '@tutti/model';
import type {
  ContainerConfig,
  ContainerRunState,
  ContainerState,
  ContainerStats,
  ContainerSummary,
} from '../port/container.js';
import { EngineError } from '../port/errors.js';
import type { ExecResult } from '../port/exec.js';
import type { ContainerEvent } from '../port/events.js';
import type { SimBehaviour } from './behaviour.js';
import type { SimClock } from './clock.js';
import { SimLog } from './sim-log.js';

/** Exit codes of a process that a signal ended. */
const KILLED = 137;
const TERMINATED = 143;
/** Docker's own default. */
const DEFAULT_GRACE_MS = 10_000;

type Happening = Pick<ContainerEvent, 'type'> & { exitCode?: number; health?: EngineHealth };

/** What a container has of its host while it runs. */
export interface Held {
  pid: number;
  addresses: Record<string, string>;
  ports: ContainerState['ports'];
  /** Gives addresses and ports back. */
  release(): void;
}

export interface SimContainerContext {
  id: string;
  clock: SimClock;
  emit(event: ContainerEvent): void;
  /** Takes addresses and ports for a start. @throws EngineError where it cannot have them */
  hold(): Held;
}

/** One simulated container: its state, and its behaviour over time. */
export class SimContainer {
  readonly id: string;
  readonly log = new SimLog();
  private readonly createdAt: string;
  private state: ContainerRunState = 'created';
  private held: Held | undefined;
  private startedMs = 0;
  private startedAt: string | undefined;
  private finishedAt: string | undefined;
  private exitCode: number | undefined;
  private oomKilled = false;
  private error: string | undefined;
  private health: EngineHealth | undefined;
  private timers: (() => void)[] = [];
  private whenEnded: (() => void)[] = [];

  constructor(
    readonly config: ContainerConfig,
    private readonly behaviour: SimBehaviour,
    private readonly context: SimContainerContext,
  ) {
    this.id = context.id;
    this.createdAt = this.now();
    this.happen({ type: 'create' });
  }

  get running(): boolean {
    return this.state === 'running';
  }

  start(): void {
    if (this.running) return;
    this.hold();
    this.state = 'running';
    this.startedMs = this.context.clock.now();
    this.startedAt = this.now();
    this.exitCode = undefined;
    this.oomKilled = false;
    this.happen({ type: 'start' });
    for (const { stream, line } of this.behaviour.logs ?? []) this.log.append(stream, line, this.now());
    this.planHealth();
    const { exitAfterMs, exitCode = 0, oom = false } = this.behaviour;
    if (exitAfterMs !== undefined) this.after(exitAfterMs, () => this.finish(oom ? KILLED : exitCode, oom));
  }

  /** Ends its run; nothing happens to one that does not run. */
  finish(exitCode: number, oom = false): void {
    if (!this.running) return;
    for (const takeBack of this.timers.splice(0)) takeBack();
    this.held?.release();
    this.held = undefined;
    this.state = 'exited';
    this.finishedAt = this.now();
    this.exitCode = exitCode;
    this.oomKilled = oom;
    if (oom) this.happen({ type: 'oom' });
    this.happen({ type: 'die', exitCode });
    this.log.wake();
    for (const resume of this.whenEnded.splice(0)) resume();
  }

  /** Resolves when it has stopped: at once, or after the grace where it takes no notice. */
  async stop(graceMs = this.config.stopGraceMs ?? DEFAULT_GRACE_MS): Promise<void> {
    if (!this.running) return;
    const ended = new Promise<void>((resolve) => this.whenEnded.push(resolve));
    this.happen({ type: 'kill' });
    if (this.behaviour.ignoresStop) this.after(graceMs, () => this.finish(KILLED));
    else this.finish(TERMINATED);
    await ended;
    this.happen({ type: 'stop' });
  }

  kill(signal: string): void {
    if (!this.running) throw new EngineError('conflict', `container ${this.config.name} does not run`);
    this.happen({ type: 'kill' });
    if (/^(SIG)?KILL$|^9$/.test(signal)) this.finish(KILLED);
    else if (/^(SIG)?(TERM|INT|QUIT|HUP)$/.test(signal) && !this.behaviour.ignoresStop) this.finish(TERMINATED);
  }

  exec(): ExecResult {
    if (!this.running) throw new EngineError('conflict', `container ${this.config.name} does not run`);
    return { exitCode: this.behaviour.execCode ?? 0, output: '' };
  }

  setHealth(health: EngineHealth): void {
    if (!this.running || this.health === health) return;
    this.health = health;
    this.happen({ type: 'health', health });
  }

  destroyed(): void {
    this.happen({ type: 'destroy' });
  }

  summary(): ContainerSummary {
    const { name, image, labels = {} } = this.config;
    return { id: this.id, name, image, labels, state: this.state, createdAt: this.createdAt };
  }

  inspect(): ContainerState {
    return {
      ...this.summary(),
      pid: this.held?.pid,
      exitCode: this.exitCode,
      oomKilled: this.oomKilled,
      error: this.error,
      health: this.health && { status: this.health, lastOutput: this.health === 'starting' ? undefined : this.health },
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      addresses: this.held?.addresses ?? {},
      ports: this.held?.ports ?? [],
    };
  }

  stats(): ContainerStats | undefined {
    if (!this.running) return undefined;
    const { cpuMillis = 10, memoryBytes = 8 * 1024 ** 2 } = this.behaviour;
    const seconds = (this.context.clock.now() - this.startedMs) / 1000;
    return { cpuSeconds: (seconds * cpuMillis) / 1000, memoryBytes, at: this.now() };
  }

  private hold(): void {
    const { startError } = this.behaviour;
    try {
      if (startError)
        throw new EngineError(startError, `cannot start ${this.config.name}: the script says ${startError}`);
      this.held = this.context.hold();
      this.error = undefined;
    } catch (error) {
      this.error = (error as EngineError).message;
      throw error;
    }
  }

  private planHealth(): void {
    const { healthcheck } = this.config;
    this.health = undefined;
    if (!healthcheck || healthcheck.test[0] === 'NONE') return;
    this.health = 'starting';
    const { health = 'healthy', healthAfterMs = healthcheck.intervalMs } = this.behaviour;
    this.after(healthAfterMs, () => this.setHealth(health));
  }

  private after(delayMs: number, work: () => void): void {
    this.timers.push(this.context.clock.after(delayMs, work));
  }

  private happen(happening: Happening): void {
    const { name, labels = {} } = this.config;
    this.context.emit({ ...happening, id: this.id, name, labels, at: this.now() } as ContainerEvent);
  }

  private now(): string {
    return new Date(this.context.clock.now()).toISOString();
  }
}
