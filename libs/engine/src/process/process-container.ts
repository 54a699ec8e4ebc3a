import type { EngineHealth, PublishedPort } from '@tutti/model';
import { existsSync, openSync, closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type {
  ContainerConfig,
  ContainerState,
  ContainerStats,
  ContainerSummary,
  PortBinding,
} from '../port/container.js';
import { EngineError } from '../port/errors.js';
import type { ContainerEvent } from '../port/events.js';
import type { ExecConfig, ExecResult } from '../port/exec.js';
import { killCgroup, oomKills, removeCgroup, useOf, type CgroupPlace } from './cgroup.js';
import { runBeside } from './exec.js';
import { readJson, writeJson, type ContainerFolder } from './files.js';
import type { PortWish } from './ports.js';
import { isAlive, send, useOfSession } from './proc.js';
import { PARENT_FD, type RunRecord, type RunRequest, type ShimWord } from './protocol.js';
import { connectShim, ShimLink } from './shim-link.js';

/** A shim holds little: a small heap is enough, and keeps it small. */
const SHIM_FLAGS = ['--max-old-space-size=16', '--max-semi-space-size=1'];
/** From the sources, as in tests, it runs as it was built. */
const SHIM = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/process/shim/main.js' : './shim/main.js', import.meta.url),
);

const KILLED = 137;
/** As Docker says of a container whose end nobody saw. */
const UNKNOWN = 255;
const DEFAULT_GRACE_MS = 10_000;
/** A shim that has said nothing for so long is given up. */
const START_MS = 30_000;
/** One that was stopped, or is on a busy host, is not waited for longer: what it recorded will do until it speaks. */
const ADOPT_MS = 5000;

/** What was made, and when. */
export interface Made {
  id: string;
  createdAt: string;
  config: ContainerConfig;
}

export interface ContainerContext {
  emit(event: ContainerEvent): void;
  /** Its run has ended: its ports are free. */
  released(ports: readonly PublishedPort[]): void;
  /** Network name to address, while it runs. */
  addresses(config: ContainerConfig): Record<string, string>;
}

type Happening = { type: 'oom' | 'start' | 'stop' | 'kill' | 'create' | 'destroy' } | Died | Judged;
interface Died {
  type: 'die';
  exitCode: number;
}
interface Judged {
  type: 'health';
  health: EngineHealth;
}

/** One process as the driver knows it, by what its shim says. */
export class ProcessContainer {
  private run: RunRecord | undefined;
  private link: ShimLink | undefined;
  private error: string | undefined;
  private cgroup: CgroupPlace | undefined;
  private endOfRun: Promise<void> = Promise.resolve();

  constructor(
    readonly made: Made,
    readonly folder: ContainerFolder,
    private readonly context: ContainerContext,
  ) {}

  get running(): boolean {
    return this.run !== undefined && !this.run.end;
  }

  get ports(): readonly PublishedPort[] {
    return this.running ? (this.run?.ports ?? []) : [];
  }

  /** What it wants to listen on in its next run. */
  portWishes(): PortWish[] {
    const lastOf = ({ target, protocol }: PortBinding): number | undefined =>
      this.run?.ports.find((port) => port.container === target && port.protocol === protocol)?.host;
    return (this.made.config.ports ?? []).map((port) => ({ ...port, last: lastOf(port) }));
  }

  /** Resolves when its run has ended. */
  ended(): Promise<void> {
    return this.endOfRun;
  }

  /** Takes up what an earlier driver left: a process that runs, or how it ended. */
  async adopt(): Promise<void> {
    this.run = readJson(this.folder.run);
    this.cgroup = readJson<RunRequest>(this.folder.request)?.cgroup;
    if (!this.running) return;
    const socket = await connectShim(this.folder.root).catch(() => undefined);
    if (socket) {
      await Promise.race([this.listen(socket), sleep(ADOPT_MS, undefined, { ref: false })]);
      return;
    }
    // It may have ended between the two looks.
    this.run = readJson(this.folder.run);
    if (this.running) this.endUnseen();
  }

  /** @throws EngineError as its shim says, `internal` where it says nothing */
  async start(request: RunRequest): Promise<void> {
    // The shim of the run before takes its socket along when it goes.
    await this.endOfRun;
    this.cgroup = request.cgroup;
    this.error = undefined;
    writeJson(this.folder.request, request);
    const shim = this.spawnShim();
    const before = this.run?.startedAt;
    const late = setTimeout(() => shim.kill('SIGKILL'), START_MS);
    try {
      await this.listen(shim.stdio[PARENT_FD] as Socket);
      if (this.run?.startedAt === before)
        throw new EngineError('internal', `cannot start ${this.name}: ${this.complaint()}`);
    } catch (error) {
      this.error = (error as EngineError).message;
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  private spawnShim(): ChildProcess {
    const complaints = openSync(this.folder.complaints, 'w', 0o600);
    const shim = spawn(process.execPath, [...SHIM_FLAGS, SHIM, this.folder.root], {
      cwd: '/',
      // What the agent was told, such as its credentials, is not for a process that outlives it.
      env: { PATH: process.env.PATH },
      detached: true,
      stdio: ['ignore', 'ignore', complaints, 'pipe'],
    });
    closeSync(complaints);
    shim.unref();
    shim.on('error', () => undefined);
    return shim;
  }

  /** Asks it to stop, and ends it after the grace; resolves when it has ended. */
  async stop(graceMs = this.made.config.stopGraceMs ?? DEFAULT_GRACE_MS): Promise<void> {
    if (!this.running) return;
    const late = setTimeout(() => this.link?.order({ signal: 'SIGKILL' }), graceMs);
    this.kill((this.made.config.stopSignal ?? 'SIGTERM') as NodeJS.Signals);
    await this.endOfRun;
    clearTimeout(late);
    this.happen({ type: 'stop' });
  }

  kill(signal: NodeJS.Signals): void {
    this.happen({ type: 'kill' });
    this.link?.order({ signal });
  }

  /** @throws EngineError `conflict` where it does not run */
  exec(config: ExecConfig, signal: AbortSignal): Promise<ExecResult> {
    const request = this.running ? readJson<RunRequest>(this.folder.request) : undefined;
    if (!request) throw new EngineError('conflict', `${this.name} does not run`);
    return runBeside(request, config, signal);
  }

  /** Removes all that is left of it; it does not run. */
  async destroy(): Promise<void> {
    await rm(this.folder.root, { recursive: true, force: true });
    // There still, if what was killed took a while to go.
    if (this.cgroup) removeCgroup(this.cgroup);
    this.happen({ type: 'destroy' });
  }

  /** Leaves it running, without a driver. */
  letGo(): void {
    const { link } = this;
    this.link = undefined;
    link?.letGo();
  }

  summary(): ContainerSummary {
    const { id, createdAt, config } = this.made;
    const state = this.running ? 'running' : this.run ? 'exited' : 'created';
    return { id, name: config.name, image: config.image, labels: config.labels ?? {}, state, createdAt };
  }

  inspect(): ContainerState {
    const { run, running } = this;
    return {
      ...this.summary(),
      pid: running ? run?.process.pid : undefined,
      exitCode: run?.end?.exitCode,
      oomKilled: run?.end?.oomKilled ?? false,
      error: this.error ?? run?.end?.error,
      health: run?.health && { status: run.health.status, lastOutput: run.health.lastOutput },
      startedAt: run?.startedAt,
      finishedAt: run?.end?.at,
      addresses: running ? this.context.addresses(this.made.config) : {},
      ports: [...this.ports],
    };
  }

  stats(): ContainerStats | undefined {
    if (!this.run || !this.running) return undefined;
    const use = (this.cgroup && useOf(this.cgroup)) ?? useOfSession(this.run.process.pid);
    return { ...use, at: new Date().toISOString() };
  }

  happen(happening: Happening): void {
    const { id, config } = this.made;
    const at = new Date().toISOString();
    this.context.emit({ ...happening, id, name: config.name, labels: config.labels ?? {}, at } as ContainerEvent);
  }

  /** Listens to a shim. @returns resolves when it has said how its process is, or is gone */
  private listen(socket: Socket): Promise<void> {
    return new Promise((heard, failed) => {
      const link = new ShimLink(socket, (word) => {
        if (word.say === 'failed')
          return failed(new EngineError(word.code, `cannot start ${this.name}: ${word.message}`));
        this.learn(word);
        heard();
      });
      this.link = link;
      this.endOfRun = link.closed.then(() => {
        if (this.link === link) this.lost();
        heard();
      });
    });
  }

  /** Its shim is gone: as it should be, without a last word that it wrote down at least, or without a trace. */
  private lost(): void {
    this.link = undefined;
    const { run: known } = this;
    const recorded = readJson<RunRecord>(this.folder.run) ?? known;
    this.run = recorded;
    if (this.running) this.endUnseen();
    else if (recorded && !(known?.end && known.startedAt === recorded.startedAt)) this.toldEnd(recorded);
  }

  private learn({ say, run }: Extract<ShimWord, { run: RunRecord }>): void {
    this.run = run;
    if (say === 'started') this.happen({ type: 'start' });
    if (say === 'health' && run.health) this.happen({ type: 'health', health: run.health.status });
    if (run.end) this.toldEnd(run);
  }

  private toldEnd({ ports, end }: RunRecord): void {
    this.context.released(ports);
    if (end?.oomKilled) this.happen({ type: 'oom' });
    this.happen({ type: 'die', exitCode: end?.exitCode ?? UNKNOWN });
  }

  /** Its shim is gone, and has not said how it ended. What nobody watches over must not run. */
  private endUnseen(): void {
    if (!this.run) return;
    const { process: it } = this.run;
    const ran = isAlive(it);
    if (ran) send(-it.pid, 'SIGKILL');
    const oomKilled = !ran && this.cgroup !== undefined && oomKills(this.cgroup) > 0;
    if (this.cgroup) killCgroup(this.cgroup);
    if (this.cgroup) removeCgroup(this.cgroup);
    const error = ran ? 'its shim was killed, and it was ended for that' : 'its shim was gone before it ended';
    const end = { exitCode: ran ? KILLED : UNKNOWN, oomKilled, at: new Date().toISOString(), error };
    this.run = { ...this.run, end };
    writeJson(this.folder.run, this.run);
    this.toldEnd(this.run);
  }

  private complaint(): string {
    const where = existsSync(this.folder.complaints) ? `: ${this.folder.complaints} says why` : '';
    return `its shim ended before it said anything${where}`;
  }

  private get name(): string {
    return this.made.config.name;
  }
}
