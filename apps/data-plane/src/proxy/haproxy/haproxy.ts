import { TuttiError } from '@tutti/model';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readProcesses, type Processes } from '../core/readings.js';
import { MasterSocket } from './master-socket.js';
import { firstAlert, refusalOf, type Program } from './program.js';

const START_MS = 10_000;
const LOOK_MS = 5;
/**
 * What every request of the node goes through must not wait for what starts beside it. With -10 it would answer its clients
 * and servers one by one, where the machine is full, and hand on 7 per cent less.
 */
const PRIORITY = -5;
const MAX_LOG_BYTES = 1_000_000;

export interface HaproxyOptions {
  program: Program;
  /** Keeps its file and sockets. */
  folder: string;
  /** Called when it has ended without having been asked to. */
  lost(): void;
}

/** What HAProxy is told in files. */
export interface Configuration {
  text: string;
  /** By name; each is a file. */
  maps: Record<string, string>;
}

/** HAProxy itself: a master that outlives us, and its processes. */
export class Haproxy {
  readonly socket: MasterSocket;
  /** The map by which a process learns that it was replaced. */
  readonly stalePath: string;
  /** Over which a new process takes the listeners of the one before it. */
  readonly statsPath: string;
  private readonly file: string;
  private readonly log: string;
  private readonly masterPath: string;
  private unwatch: (() => void) | undefined;

  constructor(private readonly options: HaproxyOptions) {
    const { folder } = options;
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    // HAProxy, as another user, gets to its sockets here; the files are closed to it.
    chmodSync(folder, 0o711);
    this.file = join(folder, 'haproxy.cfg');
    this.stalePath = join(folder, 'stale.map');
    writeFileSync(this.stalePath, '', { mode: 0o600 });
    this.log = join(folder, 'haproxy.log');
    this.masterPath = join(folder, 'master.sock');
    this.statsPath = join(folder, 'stats.sock');
    this.socket = new MasterSocket(this.masterPath);
  }

  get folder(): string {
    return this.options.folder;
  }

  /** The map of that name that the file refers to. */
  mapFile(name: string): string {
    return join(this.folder, `${name}.map`);
  }

  /** Its processes; undefined where it does not run. */
  async processes(): Promise<Processes | undefined> {
    try {
      return readProcesses(await this.socket.ask(['show proc']));
    } catch {
      return undefined;
    }
  }

  /** Calls `lost` when the master that runs ends. */
  watch(): void {
    this.unwatch?.();
    this.unwatch = this.socket.onClose(() => this.options.lost());
  }

  /** Why HAProxy would refuse this configuration; undefined where it takes it. */
  refuses({ text, maps }: Configuration): Promise<string | undefined> {
    this.writeMaps(maps);
    return this.refusesText(text);
  }

  /** Why HAProxy would refuse the certificate in this file; undefined where it takes it. */
  async refusesCertificate(file: string): Promise<string | undefined> {
    const front = ['frontend f', 'mode http', 'timeout client 1s', `bind :443 ssl crt ${file}`];
    const refusal = await this.refusesText(`${front.join('\n  ')}\n`);
    return refusal && `is refused by HAProxy: ${withoutPlaces(refusal)}`;
  }

  private async refusesText(text: string): Promise<string | undefined> {
    const draft = `${this.file}.draft`;
    writeFileSync(draft, text, { mode: 0o600 });
    const refusal = await refusalOf(this.options.program, draft);
    rmSync(draft, { force: true });
    return refusal;
  }

  /**
   * Has HAProxy work with this configuration, as a new process that takes the listeners over.
   * @returns the new process
   * @throws TuttiError `unavailable` with HAProxy's own words where it does not
   */
  async run({ text, maps }: Configuration): Promise<number> {
    this.unwatch?.();
    const before = await this.processes();
    this.writeMaps(maps);
    writeFileSync(`${this.file}.new`, text, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
    this.boundLog();
    const from = sizeOf(this.log);
    const known = new Set([...(before?.current ?? []), ...(before?.old ?? [])]);
    const hasEnded = before ? await this.reload() : this.start();
    const pid = await this.untilNew({ known, failed: before?.failed ?? 0, hasEnded, from });
    this.watch();
    return pid;
  }

  /** Ends it, connections and all. */
  async stop(): Promise<void> {
    this.unwatch?.();
    this.unwatch = undefined;
    const pid = await this.masterPid();
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
    for (let waited = 0; waited < START_MS && (await this.processes()); waited += LOOK_MS) await sleep(LOOK_MS);
  }

  /** It goes on without us. */
  close(): void {
    this.unwatch?.();
    this.unwatch = undefined;
  }

  /** Its process that starts the others; undefined where it does not run. */
  async masterPid(): Promise<number | undefined> {
    const text = await this.socket.ask(['show proc']).catch(() => '');
    const pid = Number(/^(\d+)\s+master\b/m.exec(text)?.[1]);
    return pid > 1 ? pid : undefined;
  }

  /** Read at the start of a process, and never again. */
  private writeMaps(maps: Configuration['maps']): void {
    for (const [name, text] of Object.entries(maps)) writeFileSync(this.mapFile(name), text, { mode: 0o600 });
  }

  private async reload(): Promise<() => boolean> {
    await this.socket.ask(['reload']).catch(() => '');
    return () => false;
  }

  /** Of a group of its own, so that nothing that ends us ends it. */
  private start(): () => boolean {
    rmSync(this.masterPath, { force: true });
    const log = openSync(this.log, 'a', 0o600);
    const args = ['-W', '-S', `${this.masterPath},mode,600,level,admin`, '-f', this.file];
    const child = spawn(this.options.program.path, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    prefer(child.pid);
    let ended = false;
    child.once('error', () => (ended = true));
    child.once('exit', () => (ended = true));
    child.unref();
    return () => ended;
  }

  private async untilNew(of: {
    known: Set<number>;
    failed: number;
    hasEnded: () => boolean;
    from: number;
  }): Promise<number> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && !of.hasEnded()) {
      const now = await this.processes();
      const fresh = now?.current.find((pid) => !of.known.has(pid));
      if (fresh !== undefined) return fresh;
      if (now && now.failed > of.failed) break;
      await sleep(LOOK_MS);
    }
    const said = readFileSync(this.log).subarray(of.from).toString('utf8');
    throw new TuttiError('unavailable', `HAProxy does not take its configuration: ${firstAlert(said)}`);
  }

  private boundLog(): void {
    if (sizeOf(this.log) > MAX_LOG_BYTES) truncateSync(this.log);
  }
}

/** Neither where it stands in a file that nobody has written, nor which file it was that is gone already. */
const withoutPlaces = (refusal: string): string =>
  refusal.replace(/^.*'frontend' ?: /, '').replace(/(?: (?:from file|into SSL Context|in))? '[^']*'\.?$/, '');

/**
 * Gives a process, and what it starts, its cores first: among the processes of a session or a group, and as a session of
 * its own where Linux shares the cores among sessions. Whoever may not do that has it as it is.
 */
function prefer(pid: number | undefined): void {
  if (pid === undefined) return;
  for (const act of [() => setPriority(pid, PRIORITY), () => writeFileSync(`/proc/${pid}/autogroup`, `${PRIORITY}`)]) {
    try {
      act();
    } catch {
      // Not as root, or not on Linux.
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
