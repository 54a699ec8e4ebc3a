import type { EngineHealth } from '@tutti/model';
import type { Observable } from 'rxjs';
import type { CallOptions } from '../port/call.js';
import type { ContainerConfig, ContainerState, ContainerStats, ContainerSummary } from '../port/container.js';
import type { ContainerEngine, LabelFilter, RemoveOptions, StopOptions } from '../port/engine.js';
import { EngineError, type EngineErrorCode } from '../port/errors.js';
import type { EngineEvent, EventOptions } from '../port/events.js';
import type { ExecConfig, ExecResult } from '../port/exec.js';
import type { EngineInfo, ImageInfo, PullOptions, RegistryOptions, ResolvedImage } from '../port/host.js';
import type { EngineLogLine, LogOptions } from '../port/logs.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import { behaviourOf, type SimImage } from './behaviour.js';
import { systemClock, type SimClock } from './clock.js';
import { EventHub, hasLabels } from '../shared/event-hub.js';
import { SeededRandom } from './random.js';
import { SimCalls, type SimLatencies, type SimOperation } from './sim-calls.js';
import { SimContainer } from './sim-container.js';
import { SimHost } from './sim-host.js';
import { SimImages } from './sim-images.js';

export interface SimEngineOptions {
  /** Default: the machine's. */
  clock?: SimClock;
  /** Ids and latencies follow from it. Default 1. */
  seed?: number;
  latencies?: SimLatencies;
  /** By image name. */
  images?: Record<string, SimImage>;
  /** What `info` says, over the defaults: a host with 4 cores and 8 GiB. */
  info?: Partial<EngineInfo>;
}

const DEFAULT_INFO: EngineInfo = {
  kind: 'sim',
  version: '1',
  apiVersion: '1',
  os: 'linux',
  arch: 'amd64',
  name: 'sim',
  cpuMillis: 4000,
  memoryBytes: 8 * 1024 ** 3,
  labels: {},
};

/**
 * An engine without containers: the same port in memory, for thousands of nodes in one process, for what-if, and for
 * failures on demand. Containers behave as their image is scripted and as their `sim.…` labels say.
 */
export class SimEngine implements ContainerEngine {
  private readonly clock: SimClock;
  private readonly random: SeededRandom;
  private readonly calls: SimCalls;
  private readonly host: SimHost;
  private readonly hub: EventHub;
  private readonly images: SimImages;
  private readonly containers = new Map<string, SimContainer>();
  private readonly idsByName = new Map<string, string>();
  private readonly closing = new AbortController();
  private readonly description: EngineInfo;

  constructor({ clock = systemClock, seed = 1, latencies = {}, images = {}, info = {} }: SimEngineOptions = {}) {
    this.clock = clock;
    this.random = new SeededRandom(seed);
    this.calls = new SimCalls(clock, this.random, latencies);
    this.host = new SimHost(this.random);
    this.hub = new EventHub(() => new Date(clock.now()).toISOString());
    this.images = new SimImages(images);
    this.description = { ...DEFAULT_INFO, ...info };
  }

  // --- what tests and what-if do to it ---

  /** Ends a container's run as a crash would. */
  crash(id: string, exitCode = 1): void {
    this.require(id).finish(exitCode);
  }

  /** Ends a container's run as its memory limit would. */
  exhaustMemory(id: string): void {
    this.require(id).finish(137, true);
  }

  setHealth(id: string, health: EngineHealth): void {
    this.require(id).setHealth(health);
  }

  print(id: string, line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    this.require(id).log.append(stream, line, new Date(this.clock.now()).toISOString());
  }

  /** Changes what a name stands for in its registry, as a push does; what was pulled before stays on the node. */
  publish(name: string, image: SimImage): void {
    this.images.publish(name, image);
  }

  /** The next call of this kind fails; several are used up in turn. */
  failNext(operation: SimOperation, error: EngineError | EngineErrorCode): void {
    this.calls.failNext(operation, error);
  }

  /** Cuts the event stream; calls still work. What happens until `reconnect` is lost to subscribers. */
  disconnect(reason = 'the script cut the event stream'): void {
    this.hub.disconnect(reason);
  }

  reconnect(): void {
    this.hub.reconnect();
  }

  // --- the port ---

  info(options: CallOptions = {}): Promise<EngineInfo> {
    return this.calls.run('info', options, () => this.description);
  }

  ping(options: CallOptions = {}): Promise<void> {
    return this.calls.run('ping', options, () => undefined);
  }

  resolveImage(image: string, options: RegistryOptions = {}): Promise<ResolvedImage | undefined> {
    return this.calls.run('resolveImage', options, () => this.images.resolve(image));
  }

  pull(image: string, options: PullOptions = {}): Promise<void> {
    return this.calls.run('pull', options, () => {
      this.images.pull(image, options.digest);
      options.onProgress?.({ receivedBytes: 1, totalBytes: 1, status: 'Pull complete' });
    });
  }

  findImage(image: string, options: CallOptions = {}): Promise<ImageInfo | undefined> {
    return this.calls.run('findImage', options, () => this.images.find(image));
  }

  create(config: ContainerConfig, options: CallOptions = {}): Promise<{ id: string }> {
    return this.calls.run('create', options, () => {
      const { name, image } = config;
      const scripted = this.images.local(image);
      if (scripted?.absent) throw new EngineError('image-missing', `cannot create ${name}: there is no image ${image}`);
      if (this.idsByName.has(name)) throw new EngineError('conflict', `cannot create ${name}: the name is taken`);
      this.host.requireNetworks(config);
      const behaviour = behaviourOf(config, scripted);
      const id = this.random.hex(64);
      this.host.useVolumes(config, 1);
      this.containers.set(id, this.build(id, config, behaviour));
      this.idsByName.set(name, id);
      return { id };
    });
  }

  start(id: string, options: CallOptions = {}): Promise<void> {
    return this.calls.run('start', options, () => this.require(id).start());
  }

  stop(id: string, { graceMs, ...options }: StopOptions = {}): Promise<void> {
    return this.calls.run('stop', options, () => this.require(id).stop(graceMs));
  }

  kill(id: string, signal = 'SIGKILL', options: CallOptions = {}): Promise<void> {
    return this.calls.run('kill', options, () => this.require(id).kill(signal));
  }

  exec(id: string, _config: ExecConfig, options: CallOptions = {}): Promise<ExecResult> {
    return this.calls.run('exec', options, () => this.require(id).exec());
  }

  remove(id: string, { force = false, ...options }: RemoveOptions = {}): Promise<void> {
    return this.calls.run('remove', options, () => {
      const container = this.find(id);
      if (!container) return;
      const { name } = container.config;
      if (container.running && !force) throw new EngineError('conflict', `cannot remove ${name}: it runs`);
      container.finish(137);
      this.containers.delete(container.id);
      this.idsByName.delete(name);
      this.host.useVolumes(container.config, -1);
      container.destroyed();
    });
  }

  inspect(id: string, options: CallOptions = {}): Promise<ContainerState | undefined> {
    return this.calls.run('inspect', options, () => this.find(id)?.inspect());
  }

  list({ labels, ...options }: LabelFilter = {}): Promise<ContainerSummary[]> {
    return this.calls.run('list', options, () =>
      [...this.containers.values()]
        .map((container) => container.summary())
        .filter((one) => hasLabels(one.labels, labels)),
    );
  }

  events(options: EventOptions = {}): Observable<EngineEvent> {
    return this.hub.watch(options);
  }

  stats(id: string, options: CallOptions = {}): Promise<ContainerStats | undefined> {
    return this.calls.run('stats', options, () => this.find(id)?.stats());
  }

  async *logs(id: string, options: LogOptions = {}): AsyncGenerator<EngineLogLine> {
    const container = await this.calls.run('logs', options, () => this.require(id));
    const { closing } = this;
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
    yield* container.log.read({ ...options, signal }, () => container.running);
  }

  tailLogs(id: string, count: number, options: CallOptions = {}): Promise<EngineLogLine[]> {
    return this.calls.run('tailLogs', options, () => this.require(id).log.tail(count));
  }

  ensureNetwork(config: NetworkConfig, options: CallOptions = {}): Promise<NetworkInfo> {
    return this.calls.run('ensureNetwork', options, () => this.host.ensureNetwork(config));
  }

  removeNetwork(name: string, options: CallOptions = {}): Promise<Removal> {
    return this.calls.run('removeNetwork', options, () => this.host.removeNetwork(name));
  }

  listNetworks({ labels, ...options }: LabelFilter = {}): Promise<NetworkInfo[]> {
    const wanted = (one: NetworkInfo): boolean => hasLabels(one.labels, labels);
    return this.calls.run('listNetworks', options, () => this.host.listNetworks().filter(wanted));
  }

  ensureVolume(config: VolumeConfig, options: CallOptions = {}): Promise<VolumeInfo> {
    return this.calls.run('ensureVolume', options, () => this.host.ensureVolume(config));
  }

  removeVolume(name: string, options: CallOptions = {}): Promise<Removal> {
    return this.calls.run('removeVolume', options, () => this.host.removeVolume(name));
  }

  listVolumes({ labels, ...options }: LabelFilter = {}): Promise<VolumeInfo[]> {
    const wanted = (one: VolumeInfo): boolean => hasLabels(one.labels, labels);
    return this.calls.run('listVolumes', options, () => this.host.listVolumes().filter(wanted));
  }

  async close(): Promise<void> {
    this.closing.abort(new EngineError('unavailable', 'the engine was closed'));
    this.hub.close();
  }

  private build(id: string, config: ContainerConfig, behaviour: ReturnType<typeof behaviourOf>): SimContainer {
    return new SimContainer(config, behaviour, {
      id,
      clock: this.clock,
      emit: (event) => this.hub.emit(event),
      hold: () => this.host.hold(config),
    });
  }

  private find(id: string): SimContainer | undefined {
    return this.containers.get(id) ?? this.containers.get(this.idsByName.get(id) ?? '');
  }

  private require(id: string): SimContainer {
    const container = this.find(id);
    if (container) return container;
    throw new EngineError('not-found', `there is no container ${id}`);
  }
}
