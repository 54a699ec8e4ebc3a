import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { arch, cpus, hostname, networkInterfaces, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Observable } from 'rxjs';
import type { CallOptions } from '../port/call.js';
import type { ContainerConfig, ContainerState, ContainerStats, ContainerSummary } from '../port/container.js';
import type { ContainerEngine, LabelFilter, RemoveOptions, StopOptions } from '../port/engine.js';
import { EngineError } from '../port/errors.js';
import type { EngineEvent, EventOptions } from '../port/events.js';
import type { ExecConfig, ExecResult } from '../port/exec.js';
import type { EngineInfo, ImageInfo, PullOptions, RegistryOptions, ResolvedImage } from '../port/host.js';
import { digestOf } from '../port/image-name.js';
import type { EngineLogLine, LogOptions } from '../port/logs.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import { EventHub, hasLabels } from '../shared/event-hub.js';
import { KeyedQueue } from '../shared/keyed-queue.js';
import { inTime } from './calls.js';
import { findCgroups } from './cgroup.js';
import { containerFolder, makeFolder, PASSABLE, readJson, writeJson } from './files.js';
import { readLog } from './log-reader.js';
import { PortBook } from './ports.js';
import { ProcessContainer, type Made } from './process-container.js';
import { ProcessNetworks, ProcessVolumes } from './resources.js';
import { lockRoot } from './root-lock.js';
import { RunPlanner } from './run-planner.js';

export interface ProcessEngineOptions {
  /** The folder of everything: whoever opens it again finds what runs. One driver at a time. */
  root: string;
  /** Where processes can be reached; default: the host's first address. */
  address?: string;
  /** Told once of each thing that was asked for and cannot be had here. */
  warn?: (line: string) => void;
}

/**
 * Plain processes as containers, for hosts without a container engine: no images, no isolation, the host's own network
 * and files. Each process has a shim that keeps its log, its health and its exit code, so that it outlives the driver.
 */
export class ProcessEngine implements ContainerEngine {
  private readonly containers = new Map<string, ProcessContainer>();
  private readonly idsByName = new Map<string, string>();
  private readonly hub = new EventHub(() => new Date().toISOString());
  private readonly turns = new KeyedQueue();
  private readonly ports = new PortBook();
  private readonly networks: ProcessNetworks;
  private readonly volumes: ProcessVolumes;
  private readonly planner: RunPlanner;
  private readonly closing = new AbortController();

  private constructor(
    private readonly options: ProcessEngineOptions,
    private readonly unlock: () => void,
  ) {
    const { root, warn } = options;
    this.networks = new ProcessNetworks(join(root, 'networks'));
    this.volumes = new ProcessVolumes(join(root, 'volumes'));
    this.planner = new RunPlanner({ volumes: this.volumes, cgroups: findCgroups(), warn });
  }

  /**
   * Opens the folder and adopts what runs there.
   * @throws EngineError `bad-config` where this host is not a Linux, `unavailable` where another driver has the folder
   */
  static async open(options: ProcessEngineOptions): Promise<ProcessEngine> {
    if (platform() !== 'linux') {
      throw new EngineError('bad-config', 'plain processes can be run on Linux only: use a Docker Engine here');
    }
    makeFolder(join(options.root, 'containers'), PASSABLE);
    const unlock = lockRoot(options.root);
    try {
      const engine = new ProcessEngine(options, unlock);
      await engine.adopt();
      return engine;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  async info(options: CallOptions = {}): Promise<EngineInfo> {
    return inTime(options, 'say what the engine is', () => ({
      kind: 'process',
      version: process.version.slice(1),
      apiVersion: '1',
      os: 'linux',
      arch: arch() === 'x64' ? 'amd64' : arch(),
      kernel: release(),
      name: hostname(),
      cpuMillis: cpus().length * 1000,
      memoryBytes: totalmem(),
      labels: { 'dev.tutti.engine': 'process' },
    }));
  }

  async ping(options: CallOptions = {}): Promise<void> {
    return inTime(options, 'reach the engine', () => undefined);
  }

  // There are no images: programs are on the host or they are not, and a start tells.

  resolveImage(image: string, options: RegistryOptions = {}): Promise<ResolvedImage | undefined> {
    const digest = digestOf(image);
    return inTime(options, `resolve ${image}`, () => (digest === undefined ? undefined : { digest }));
  }

  pull(image: string, options: PullOptions = {}): Promise<void> {
    return inTime(options, `pull ${image}`, () => undefined);
  }

  findImage(image: string, options: CallOptions = {}): Promise<ImageInfo | undefined> {
    return inTime(options, `find ${image}`, () => ({ id: image, digests: [] }));
  }

  create(config: ContainerConfig, options: CallOptions = {}): Promise<{ id: string }> {
    return inTime(options, `create ${config.name}`, () => {
      const { name } = config;
      this.planner.check(config);
      if (this.idsByName.has(name)) throw new EngineError('conflict', `cannot create ${name}: the name is taken`);
      const made = { id: randomBytes(32).toString('hex'), createdAt: new Date().toISOString(), config };
      const folder = containerFolder(this.rootOf(made.id));
      for (const path of [folder.root, folder.mounts]) makeFolder(path, PASSABLE);
      makeFolder(folder.logs, 0o700);
      makeFolder(folder.work, 0o755);
      for (const volume of volumesOf(config)) this.volumes.ensure({ name: volume });
      writeJson(folder.config, made);
      this.add(made).happen({ type: 'create' });
      return { id: made.id };
    });
  }

  start(id: string, options: CallOptions = {}): Promise<void> {
    return inTime(options, `start ${id}`, () => this.inTurn(id, (container) => this.run(container)));
  }

  stop(id: string, { graceMs, ...options }: StopOptions = {}): Promise<void> {
    return inTime(options, `stop ${id}`, () => this.inTurn(id, (container) => container.stop(graceMs)));
  }

  async kill(id: string, signal = 'SIGKILL', options: CallOptions = {}): Promise<void> {
    return inTime(options, `kill ${id}`, () => {
      const container = this.require(id);
      if (!container.running) throw new EngineError('conflict', `cannot kill ${id}: it does not run`);
      container.kill((signal.startsWith('SIG') ? signal : `SIG${signal}`) as NodeJS.Signals);
    });
  }

  /** Nobody but who asked knows of it, so it is ended where they give up. */
  exec(id: string, config: ExecConfig, options: CallOptions = {}): Promise<ExecResult> {
    const { signal, timeoutMs } = options;
    const late = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    const giveUp = AbortSignal.any([...(signal ? [signal] : []), ...late]);
    return inTime(options, `run ${config.command[0]} beside ${id}`, () => this.require(id).exec(config, giveUp));
  }

  async remove(id: string, { force = false, ...options }: RemoveOptions = {}): Promise<void> {
    const known = this.find(id);
    if (!known) return;
    return inTime(options, `remove ${id}`, () =>
      this.turns.run(known.made.id, async () => {
        if (known.running && !force) throw new EngineError('conflict', `cannot remove ${id}: it runs`);
        if (known.running) await known.stop(0);
        if (!this.containers.delete(known.made.id)) return;
        this.idsByName.delete(known.made.config.name);
        await known.destroy();
      }),
    );
  }

  inspect(id: string, options: CallOptions = {}): Promise<ContainerState | undefined> {
    return inTime(options, `inspect ${id}`, () => this.find(id)?.inspect());
  }

  list({ labels, ...options }: LabelFilter = {}): Promise<ContainerSummary[]> {
    return inTime(options, 'list', () =>
      [...this.containers.values()].map((one) => one.summary()).filter((one) => hasLabels(one.labels, labels)),
    );
  }

  events(options: EventOptions = {}): Observable<EngineEvent> {
    return this.hub.watch(options);
  }

  stats(id: string, options: CallOptions = {}): Promise<ContainerStats | undefined> {
    return inTime(options, `sample ${id}`, () => this.find(id)?.stats());
  }

  async *logs(id: string, options: LogOptions = {}): AsyncGenerator<EngineLogLine> {
    const container = this.require(id);
    const { closing } = this;
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
    const { folder } = container;
    const source = { folder: folder.logs, running: () => container.running, ended: () => container.ended() };
    yield* readLog(source, { ...options, signal });
  }

  async tailLogs(id: string, count: number, options: CallOptions = {}): Promise<EngineLogLine[]> {
    return inTime(options, `read the log of ${id}`, async () => {
      const lines: EngineLogLine[] = [];
      for await (const line of this.logs(id, { tail: count })) lines.push(line);
      return lines;
    });
  }

  ensureNetwork(config: NetworkConfig, options: CallOptions = {}): Promise<NetworkInfo> {
    return inTime(options, `make network ${config.name}`, () => this.networks.ensure(config));
  }

  removeNetwork(name: string, options: CallOptions = {}): Promise<Removal> {
    const uses = (one: ProcessContainer): boolean =>
      one.running && (one.made.config.networks ?? []).some((network) => network.name === name);
    return inTime(options, `remove network ${name}`, () => this.networks.remove(name, this.some(uses)));
  }

  listNetworks({ labels, ...options }: LabelFilter = {}): Promise<NetworkInfo[]> {
    return inTime(options, 'list networks', () =>
      this.networks.list().filter((network) => hasLabels(network.labels, labels)),
    );
  }

  ensureVolume(config: VolumeConfig, options: CallOptions = {}): Promise<VolumeInfo> {
    return inTime(options, `make volume ${config.name}`, () => this.volumes.ensure(config));
  }

  removeVolume(name: string, options: CallOptions = {}): Promise<Removal> {
    const uses = (one: ProcessContainer): boolean => volumesOf(one.made.config).includes(name);
    return inTime(options, `remove volume ${name}`, () => this.volumes.remove(name, this.some(uses)));
  }

  listVolumes({ labels, ...options }: LabelFilter = {}): Promise<VolumeInfo[]> {
    return inTime(options, 'list volumes', () =>
      this.volumes.list().filter((volume) => hasLabels(volume.labels, labels)),
    );
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort(new EngineError('unavailable', 'the engine was closed'));
    this.hub.close();
    for (const container of this.containers.values()) container.letGo();
    this.unlock();
  }

  private async adopt(): Promise<void> {
    const folder = join(this.options.root, 'containers');
    const adopting = readdirSync(folder).map(async (id) => {
      const made = readJson<Made>(containerFolder(this.rootOf(id)).config);
      // One whose making was cut short has nothing to lose.
      if (!made) return rmSync(this.rootOf(id), { recursive: true, force: true });
      const container = this.add(made);
      await container.adopt();
      this.ports.hold(container.ports);
    });
    await Promise.all(adopting);
  }

  private async run(container: ProcessContainer): Promise<void> {
    if (container.running) return;
    const { made, folder } = container;
    const { config } = made;
    this.networks.require(config);
    const ports = await this.ports.take(container.portWishes(), `start ${config.name}`);
    try {
      await container.start(this.planner.plan({ made, folder, ports }));
    } catch (error) {
      this.ports.release(ports);
      throw error;
    }
  }

  private add(made: Made): ProcessContainer {
    const container = new ProcessContainer(made, containerFolder(this.rootOf(made.id)), {
      emit: (event) => this.hub.emit(event),
      released: (ports) => this.ports.release(ports),
      addresses: ({ networks = [] }) => {
        const names = networks.length > 0 ? networks.map(({ name }) => name) : ['host'];
        return Object.fromEntries(names.map((name) => [name, this.options.address ?? ownAddress()]));
      },
    });
    this.containers.set(made.id, container);
    this.idsByName.set(made.config.name, made.id);
    return container;
  }

  private async inTurn(id: string, work: (container: ProcessContainer) => Promise<void>): Promise<void> {
    const container = this.require(id);
    return this.turns.run(container.made.id, () => work(container));
  }

  private some(test: (container: ProcessContainer) => boolean): boolean {
    return [...this.containers.values()].some(test);
  }

  private find(id: string): ProcessContainer | undefined {
    return this.containers.get(id) ?? this.containers.get(this.idsByName.get(id) ?? '');
  }

  private require(id: string): ProcessContainer {
    const container = this.find(id);
    if (container) return container;
    throw new EngineError('not-found', `there is no container ${id}`);
  }

  private rootOf(id: string): string {
    return join(this.options.root, 'containers', id);
  }
}

/** Names of the volumes that a container uses. */
function volumesOf({ mounts = [] }: ContainerConfig): string[] {
  return mounts.flatMap(({ type, source }) => (type === 'volume' && source !== undefined ? [source] : []));
}

/** The first address that other hosts can reach. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
