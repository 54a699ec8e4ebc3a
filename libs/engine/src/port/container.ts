import type { EngineHealth, HealthcheckSpec, MountSpec, PublishedPort, RuntimeSpec, Time } from '@tutti/model';

/** A container as it is to be made. */
export interface ContainerConfig {
  name: string;
  image: string;
  /** Absent: the image's own. */
  entrypoint?: string[];
  command?: string[];
  env?: Record<string, string>;
  labels?: Record<string, string>;
  workingDir?: string;
  user?: string;
  hostname?: string;
  /** A volume's `source` is its name on the engine; absent: anonymous. */
  mounts?: MountSpec[];
  /** Put into it before it starts, with the folders above them; they stay over restarts. */
  files?: ContainerFile[];
  ports?: PortBinding[];
  /** By name; the engine's default network where empty. */
  networks?: NetworkAttachment[];
  healthcheck?: HealthcheckSpec;
  limits?: ContainerLimits;
  stopSignal?: string;
  stopGraceMs?: number;
  runtime?: RuntimeSpec;
}

/** One file of a container. */
export interface ContainerFile {
  /** Its full path there. */
  target: string;
  data: string;
  uid: number;
  gid: number;
  mode: number;
}

export interface PortBinding {
  /** The port in the container. */
  target: number;
  /** The host's port; absent: the engine picks a free one. */
  published?: number;
  protocol: 'tcp' | 'udp';
  /** Absent: all addresses of the host. */
  hostIp?: string;
}

export interface NetworkAttachment {
  name: string;
  /** Further names that resolve to this container on that network. */
  aliases: string[];
}

/** Hard limits; absent: none. */
export interface ContainerLimits {
  cpuMillis?: number;
  memoryBytes?: number;
  pids?: number;
}

export type ContainerRunState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface ContainerSummary {
  id: string;
  name: string;
  image: string;
  labels: Record<string, string>;
  state: ContainerRunState;
  createdAt: Time;
}

export interface ContainerHealth {
  status: EngineHealth;
  /** What the last probe printed. */
  lastOutput?: string;
}

export interface ContainerState extends ContainerSummary {
  /** On the host; absent unless it runs. */
  pid?: number;
  /** Of the last run; absent before it ended. */
  exitCode?: number;
  /** Whether the last run ended because it hit its memory limit. */
  oomKilled: boolean;
  /** Why the engine could not start it. */
  error?: string;
  /** Absent where it has no health check. */
  health?: ContainerHealth;
  startedAt?: Time;
  finishedAt?: Time;
  /** Network name to IP address; empty unless it runs. */
  addresses: Record<string, string>;
  ports: PublishedPort[];
}

export interface ContainerStats {
  /** CPU time since the container started. */
  cpuSeconds: number;
  /** In use, without the page cache that the kernel can drop. */
  memoryBytes: number;
  at: Time;
}
