import Docker from 'dockerode';
import type { Observable } from 'rxjs';
import type { CallOptions } from '../port/call.js';
import type { ContainerConfig, ContainerState, ContainerStats, ContainerSummary } from '../port/container.js';
import type { ContainerEngine, LabelFilter, RemoveOptions, StopOptions } from '../port/engine.js';
import { EngineError } from '../port/errors.js';
import type { EngineEvent, EventOptions } from '../port/events.js';
import type { ExecConfig, ExecResult } from '../port/exec.js';
import type { EngineInfo, ImageInfo, PullOptions, RegistryOptions, ResolvedImage } from '../port/host.js';
import type { EngineLogLine, LogOptions } from '../port/logs.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import { negotiate, type EngineVersion, type RawVersion } from './api-version.js';
import { Caller } from './caller.js';
import { connectionTo, type Connection } from './connection.js';
import { DockerContainers } from './containers.js';
import { watchEvents } from './event-stream.js';
import { runInContainer } from './exec.js';
import { DockerImages } from './images.js';
import { readLog } from './log-stream.js';
import { DockerNetworks } from './networks.js';
import { requestJson } from './requests.js';
import { toEngineInfo, type RawInfo } from './system-info.js';
import { DockerVolumes } from './volumes.js';

export interface DockerConnectOptions extends CallOptions {
  /** In DOCKER_HOST's forms; absent: DOCKER_HOST, else the default socket. */
  host?: string;
}

/** A Docker Engine, through dockerode. */
export class DockerEngine implements ContainerEngine {
  private readonly closing = new AbortController();
  private readonly calls: Docker;
  private readonly streams: Docker;
  private readonly containers: DockerContainers;
  private readonly images: DockerImages;
  private readonly networks: DockerNetworks;
  private readonly volumes: DockerVolumes;

  private constructor(
    private readonly connection: Connection,
    private readonly caller: Caller,
    private readonly version: EngineVersion,
  ) {
    this.calls = new Docker({ ...connection.calls, version: version.path });
    this.streams = new Docker({ ...connection.streams, version: version.path });
    this.containers = new DockerContainers(this.calls, this.streams, caller);
    this.images = new DockerImages(this.calls, this.streams, caller);
    this.networks = new DockerNetworks(this.calls, caller);
    this.volumes = new DockerVolumes(this.calls, caller);
  }

  /**
   * Connects and agrees on an API version.
   * @throws EngineError `unavailable` where no engine answers, `bad-config` for a host that cannot be read or an
   *   engine that is too old
   */
  static async connect({ host, ...options }: DockerConnectOptions = {}): Promise<DockerEngine> {
    const connection = connectionTo(host, process.env);
    const caller = new Caller(connection.address);
    const call = { timeoutMs: 10_000, ...options, what: 'connect' };
    const client = new Docker(connection.streams);
    const answer = await caller.call(call, (signal) => requestJson<RawVersion>(client, { path: '/version', signal }));
    return new DockerEngine(connection, caller, negotiate(answer));
  }

  async info(options: CallOptions = {}): Promise<EngineInfo> {
    const call = { ...options, what: 'read what the engine is' };
    const send = (signal: AbortSignal) => requestJson<RawInfo>(this.calls, { path: '/info', signal });
    return toEngineInfo(await this.caller.call(call, send), this.version);
  }

  async ping(options: CallOptions = {}): Promise<void> {
    const call = { timeoutMs: 5_000, ...options, what: 'reach the engine' };
    await this.caller.call(call, (signal) => requestJson(this.calls, { path: '/_ping', signal }));
  }

  resolveImage(image: string, options?: RegistryOptions): Promise<ResolvedImage | undefined> {
    return this.images.resolve(image, options);
  }

  pull(image: string, options?: PullOptions): Promise<void> {
    return this.images.pull(image, options);
  }

  findImage(image: string, options?: CallOptions): Promise<ImageInfo | undefined> {
    return this.images.find(image, options);
  }

  create(config: ContainerConfig, options?: CallOptions): Promise<{ id: string }> {
    return this.containers.create(config, options);
  }

  start(id: string, options?: CallOptions): Promise<void> {
    return this.containers.start(id, options);
  }

  stop(id: string, options?: StopOptions): Promise<void> {
    return this.containers.stop(id, options);
  }

  kill(id: string, signal?: string, options?: CallOptions): Promise<void> {
    return this.containers.kill(id, signal, options);
  }

  exec(id: string, config: ExecConfig, options: CallOptions = {}): Promise<ExecResult> {
    const call = { ...options, what: `run ${config.command[0]} in container ${id.slice(0, 12)}` };
    return this.caller.call(call, (signal) => runInContainer(this.streams, id, { config, signal }));
  }

  remove(id: string, options?: RemoveOptions): Promise<void> {
    return this.containers.remove(id, options);
  }

  inspect(id: string, options?: CallOptions): Promise<ContainerState | undefined> {
    return this.containers.inspect(id, options);
  }

  list(filter?: LabelFilter): Promise<ContainerSummary[]> {
    return this.containers.list(filter);
  }

  stats(id: string, options?: CallOptions): Promise<ContainerStats | undefined> {
    return this.containers.stats(id, options);
  }

  events(options: EventOptions = {}): Observable<EngineEvent> {
    const explain = (error: unknown): string => this.caller.read(error, 'follow events').message;
    return watchEvents({ docker: this.streams, closed: this.closing.signal, explain }, options);
  }

  async *logs(id: string, options: LogOptions = {}): AsyncGenerator<EngineLogLine> {
    const { closing } = this;
    const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
    signal.throwIfAborted();
    try {
      yield* readLog(this.streams, id, { ...options, signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw this.caller.read(error, `read the log of ${id.slice(0, 12)}`);
    }
  }

  tailLogs(id: string, count: number, options: CallOptions = {}): Promise<EngineLogLine[]> {
    const call = { ...options, what: `read the log of ${id.slice(0, 12)}` };
    return this.caller.call(call, async (signal) => {
      const lines: EngineLogLine[] = [];
      for await (const line of readLog(this.calls, id, { tail: count, signal })) lines.push(line);
      return lines;
    });
  }

  ensureNetwork(config: NetworkConfig, options?: CallOptions): Promise<NetworkInfo> {
    return this.networks.ensure(config, options);
  }

  removeNetwork(name: string, options?: CallOptions): Promise<Removal> {
    return this.networks.remove(name, options);
  }

  listNetworks(filter?: LabelFilter): Promise<NetworkInfo[]> {
    return this.networks.list(filter);
  }

  ensureVolume(config: VolumeConfig, options?: CallOptions): Promise<VolumeInfo> {
    return this.volumes.ensure(config, options);
  }

  removeVolume(name: string, options?: CallOptions): Promise<Removal> {
    return this.volumes.remove(name, options);
  }

  listVolumes(filter?: LabelFilter): Promise<VolumeInfo[]> {
    return this.volumes.list(filter);
  }

  async close(): Promise<void> {
    this.closing.abort(new EngineError('unavailable', 'the connection to the engine was closed'));
    this.connection.calls.agent?.destroy();
    this.connection.streams.agent?.destroy();
  }
}
