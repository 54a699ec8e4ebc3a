import type { Observable } from 'rxjs';
import type { CallOptions } from './call.js';
import type { ContainerConfig, ContainerState, ContainerStats, ContainerSummary } from './container.js';
import type { EngineEvent, EventOptions } from './events.js';
import type { ExecConfig, ExecResult } from './exec.js';
import type { EngineInfo, ImageInfo, PullOptions, RegistryOptions, ResolvedImage } from './host.js';
import type { EngineLogLine, LogOptions } from './logs.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from './resources.js';

export interface StopOptions extends CallOptions {
  /** Time between the stop signal and SIGKILL; absent: the container's own `stopGraceMs`. Engines count in seconds. */
  graceMs?: number;
}

export interface RemoveOptions extends CallOptions {
  /** Kills it first if it runs. */
  force?: boolean;
  /** Its anonymous volumes go with it. */
  volumes?: boolean;
}

export interface LabelFilter extends CallOptions {
  /** All have to match; an empty value asks only that the label is there. */
  labels?: Record<string, string>;
}

/**
 * A container engine on one host, in our words. Drivers: docker, process, sim; one conformance suite holds them to the same
 * behaviour. Calls are safe to repeat: what is already so is no error. Every failure is an `EngineError`.
 * An `id` may also be a container's name.
 */
export interface ContainerEngine {
  info(options?: CallOptions): Promise<EngineInfo>;
  /** Resolves when the engine answers. */
  ping(options?: CallOptions): Promise<void>;

  /**
   * What an image's registry says that the name stands for now; the digest that the name states itself is not asked for.
   * Undefined: no answer, or none such; why, a pull tells. @throws EngineError `unavailable`
   */
  resolveImage(image: string, options?: RegistryOptions): Promise<ResolvedImage | undefined>;
  /** Fetches an image from its registry. @throws EngineError `image-unpullable` */
  pull(image: string, options?: PullOptions): Promise<void>;
  /** The local image that `image` names, if there is one. */
  findImage(image: string, options?: CallOptions): Promise<ImageInfo | undefined>;

  /** @throws EngineError `image-missing`, `conflict` (the name is taken), `bad-config`, `no-such-network` */
  create(config: ContainerConfig, options?: CallOptions): Promise<{ id: string }>;
  /** One that runs already is no error. @throws EngineError `not-found`, `port-taken`, `bad-config`, `no-such-network` */
  start(id: string, options?: CallOptions): Promise<void>;
  /** Resolves when it has stopped; one that does not run is no error. @throws EngineError `not-found` */
  stop(id: string, options?: StopOptions): Promise<void>;
  /** Sends a signal, SIGKILL by default. @throws EngineError `not-found`, `conflict` (it does not run) */
  kill(id: string, signal?: string, options?: CallOptions): Promise<void>;
  /**
   * Runs a command in a container that runs, and resolves when it has ended. Where the caller gives up it may go on.
   * A command that is not there is one that ends with 126 or 127. @throws EngineError `not-found`, `conflict` (it does not run)
   */
  exec(id: string, config: ExecConfig, options?: CallOptions): Promise<ExecResult>;
  /** One that is gone is no error. @throws EngineError `conflict` where it runs and `force` is not set */
  remove(id: string, options?: RemoveOptions): Promise<void>;
  /** Undefined: there is no such container. */
  inspect(id: string, options?: CallOptions): Promise<ContainerState | undefined>;
  /** Containers in any state. */
  list(filter?: LabelFilter): Promise<ContainerSummary[]>;

  /**
   * Container events as they happen. Begins with `connected`, and says it again after every gap: what happened in
   * between is lost, so the subscriber lists again then. Reconnects by itself, with back-off; never errors.
   */
  events(options?: EventOptions): Observable<EngineEvent>;
  /** Resource use right now; undefined where the container does not run. */
  stats(id: string, options?: CallOptions): Promise<ContainerStats | undefined>;
  /** Log lines, oldest first; the engine waits while the reader is busy. @throws EngineError `not-found` */
  logs(id: string, options?: LogOptions): AsyncIterable<EngineLogLine>;
  /** The last `count` lines. @throws EngineError `not-found` */
  tailLogs(id: string, count: number, options?: CallOptions): Promise<EngineLogLine[]>;

  /**
   * The network of this name, made if there is none; concurrent calls make one.
   * @throws EngineError `subnet-taken` where another network has some of the subnet's addresses
   */
  ensureNetwork(config: NetworkConfig, options?: CallOptions): Promise<NetworkInfo>;
  removeNetwork(name: string, options?: CallOptions): Promise<Removal>;
  listNetworks(filter?: LabelFilter): Promise<NetworkInfo[]>;
  /** The volume of this name, made if there is none. */
  ensureVolume(config: VolumeConfig, options?: CallOptions): Promise<VolumeInfo>;
  removeVolume(name: string, options?: CallOptions): Promise<Removal>;
  listVolumes(filter?: LabelFilter): Promise<VolumeInfo[]>;

  /** Ends event and log streams and lets go of connections. Containers are left as they are. */
  close(): Promise<void>;
}
