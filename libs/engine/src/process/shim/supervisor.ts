import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inCgroup, killCgroup, oomKills, removeCgroup } from '../cgroup.js';
import { isProbed, judge, type ProbeResult } from '../core/health.js';
import { LineCutter, type LogEntry } from '../core/log-lines.js';
import { writeJson, type ContainerFolder } from '../files.js';
import { LogWriter } from '../log-files.js';
import { processId, send } from '../proc.js';
import type { RunEnd, RunRecord, RunRequest, ShimWord } from '../protocol.js';
import { closeReaders, closeWriters, openPipes, type Pipes } from './pipes.js';
import { Probes } from './probes.js';

/** What still comes out of a process that has ended is waited for so long: a child that it left may hold its pipes. */
const LAST_WORDS_MS = 500;

/** Runs one process, records what becomes of it, and tells whoever listens. */
export class Supervisor {
  private child: ChildProcess | undefined;
  private exit: Promise<unknown[]> | undefined;
  private run: RunRecord | undefined;
  private readonly log: LogWriter;
  private readonly oomsBefore: number;

  constructor(
    private readonly folder: ContainerFolder,
    private readonly request: RunRequest,
    private readonly tell: (word: ShimWord) => void,
  ) {
    this.log = new LogWriter(folder.logs);
    this.oomsBefore = this.ooms();
  }

  now(): ShimWord | undefined {
    return this.run && { say: 'now', run: this.run };
  }

  /** Sends a signal to the process; SIGKILL to all that it has started, too. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined || this.run?.end) return;
    if (signal === 'SIGKILL') this.killAll(pid);
    else this.child?.kill(signal);
  }

  /** Resolves when the process has ended, and everything that it started with it. */
  async supervise(): Promise<void> {
    const { healthcheck } = this.request;
    const pipes = openPipes(this.folder, this.request);
    const child = await this.begin(pipes);
    closeWriters(pipes);
    if (!child?.pid) return closeReaders(pipes);
    // A pipe that is cut off below has nothing more to tell.
    const printed = this.keep(pipes).catch(() => undefined);
    const health = isProbed(healthcheck) ? { status: 'starting' as const, failures: 0 } : undefined;
    const { ports } = this.request;
    this.record('started', { process: processId(child.pid), startedAt: now(), ports, ...(health && { health }) });
    const probes = isProbed(healthcheck)
      ? new Probes(this.request, healthcheck, (result) => this.probed(result))
      : undefined;
    const [code, signal] = (await this.exit) as [number | null, NodeJS.Signals | null];
    const at = now();
    probes?.stop();
    this.killAll(child.pid);
    await Promise.race([printed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    closeReaders(pipes);
    const exitCode = code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
    this.end({ exitCode, oomKilled: this.ooms() > this.oomsBefore, at });
  }

  /** Undefined where the process cannot be started; then that is said. */
  private async begin(pipes: Pipes): Promise<ChildProcess | undefined> {
    const { argv, env, cwd, uid, gid, cgroup } = this.request;
    const [program = '', ...args] = argv;
    try {
      const child = inCgroup(cgroup, () =>
        // A session of its own: signals of terminals do not reach it, and its children can be found.
        spawn(program, args, { env, cwd, uid, gid, stdio: ['ignore', ...pipes.write], detached: true }),
      );
      this.child = child;
      this.exit = once(child, 'exit');
      this.exit.catch(() => undefined);
      await once(child, 'spawn');
      return child;
    } catch (error) {
      if (cgroup) removeCgroup(cgroup);
      this.tell({ say: 'failed', ...reasonOf(error, program) });
      return undefined;
    }
  }

  /** Writes down what it prints; resolves when it cannot print any more. */
  private async keep({ read: [stdout, stderr] }: Pipes): Promise<void> {
    await Promise.all([this.keepStream('stdout', stdout), this.keepStream('stderr', stderr)]);
  }

  private async keepStream(stream: LogEntry['stream'], source: Readable): Promise<void> {
    const cutter = new LineCutter();
    const entries = (pieces: ReturnType<LineCutter['push']>): LogEntry[] => {
      const at = now();
      return pieces.map((piece) => ({ at, stream, ...piece }));
    };
    for await (const chunk of source) this.log.append(entries(cutter.push(chunk as Buffer)));
    this.log.append(entries(cutter.end()));
  }

  private probed(result: ProbeResult): void {
    const { healthcheck } = this.request;
    if (!this.run?.health || !healthcheck || this.run.end) return;
    const health = judge(this.run.health, result, healthcheck);
    this.record(health.status === this.run.health.status ? 'probed' : 'health', { ...this.run, health });
  }

  private end(end: RunEnd): void {
    if (!this.run) return;
    if (this.request.cgroup) removeCgroup(this.request.cgroup);
    this.record('ended', { ...this.run, end });
  }

  /** On disk first: whoever hears of it can read it. What a probe printed is not worth a file. */
  private record(say: 'started' | 'probed' | 'health' | 'ended', run: RunRecord): void {
    this.run = run;
    if (say !== 'probed') writeJson(this.folder.run, run);
    this.tell({ say, run });
  }

  private killAll(pid: number): void {
    send(-pid, 'SIGKILL');
    if (this.request.cgroup) killCgroup(this.request.cgroup);
  }

  private ooms(): number {
    return this.request.cgroup ? oomKills(this.request.cgroup) : 0;
  }
}

function reasonOf(error: unknown, program: string): Pick<Extract<ShimWord, { say: 'failed' }>, 'code' | 'message'> {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = {
    ENOENT: 'there is no such program in PATH',
    EACCES: 'permission denied',
    ENOEXEC: 'it is not a program for this processor',
    EPERM: 'only root may run it as another user',
  }[code ?? ''];
  return { code: why ? 'bad-config' : 'internal', message: `cannot run ${JSON.stringify(program)}: ${why ?? message}` };
}

function now(): string {
  return new Date().toISOString();
}
