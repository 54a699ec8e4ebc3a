import type { Resources } from './resources.js';
import type { PortProtocol, TrafficSpec } from './traffic.js';

/** What an application is: a Compose file after normalisation. Every default is written out, so readers decide nothing. */
export interface ApplicationSpec {
  services: Record<string, ServiceSpec>;
  networks: Record<string, NetworkSpec>;
  volumes: Record<string, VolumeSpec>;
  /** Those that a service, or a proxy for it, uses, by key; absent: none. What is in them are records of their own. */
  configs?: Record<string, ContentSpec>;
  secrets?: Record<string, ContentSpec>;
}

/** A config or a secret, by what is in it. */
export interface ContentSpec {
  /** SHA-256 of the contents, in hexadecimal digits. */
  digest: string;
  bytes: number;
}

export type ContentKind = 'config' | 'secret';

export interface NetworkSpec {
  /** The engine's name for it where the file fixes one; else it is derived from namespace and application. */
  name?: string;
  /** It exists already and is neither made nor removed. */
  external: boolean;
  internal: boolean;
  driverOpts: Record<string, string>;
  labels: Record<string, string>;
}

export interface VolumeSpec {
  name?: string;
  external: boolean;
  driver?: string;
  driverOpts: Record<string, string>;
  labels: Record<string, string>;
}

export type ServiceMode = 'replicated' | 'global' | 'replicated-job' | 'global-job';

/** One service as in Compose. Durations in milliseconds, sizes in bytes. */
export interface ServiceSpec {
  image: string;
  pullPolicy: 'always' | 'missing' | 'never';
  entrypoint?: string[];
  command?: string[];
  environment: Record<string, string>;
  workingDir?: string;
  user?: string;
  hostname?: string;
  labels: Record<string, string>;
  ports: PortSpec[];
  mounts: MountSpec[];
  /** Configs and secrets as files; absent: none. */
  files?: FileSpec[];
  /** Network key to what the service asks of it; at least one. */
  networks: Record<string, { aliases: string[] }>;
  healthcheck?: HealthcheckSpec;
  dependsOn: Record<string, DependencySpec>;
  stopGraceMs: number;
  stopSignal?: string;
  /** Run in each container after its start; its task runs when they have ended well. */
  postStart?: HookSpec[];
  /** Run in each container before it is asked to stop, within its grace. */
  preStop?: HookSpec[];
  restart: RestartSpec;
  mode: ServiceMode;
  replicas: number;
  /** Whether the file states `replicas`; where it does not, an earlier `scale` is kept on deploy. */
  replicasStated: boolean;
  limits: Omit<Resources, 'generic'> & { pids?: number };
  reservations: Resources;
  placement: PlacementSpec;
  /** `stop`: a task that is cut off from the bus is stopped by its agent before another may be started for it. */
  onPartition?: 'keep' | 'stop';
  update: UpdateSpec;
  rollback: UpdateSpec;
  /** Absent: as `update` says. */
  rollout?: RolloutSpec;
  traffic: TrafficSpec;
  runtime: RuntimeSpec;
}

export interface PortSpec {
  target: number;
  /** First and last host port that may be used; absent: the engine picks a free one. */
  published?: { from: number; to: number };
  protocol: 'tcp' | 'udp';
  hostIp?: string;
  /** `ingress`: every node's proxy listens there; `host`: the task's node alone. */
  mode: 'ingress' | 'host';
  /** What is spoken there; absent: `auto`. */
  app?: PortProtocol;
  /** The secret with the certificate of the TLS that ends at the proxies; absent: none does. */
  tls?: string;
}

export interface MountSpec {
  type: 'volume' | 'bind' | 'tmpfs';
  /** A volume's key in the file (absent: anonymous) or a path on the host. */
  source?: string;
  target: string;
  readOnly: boolean;
  /** tmpfs only. */
  sizeBytes?: number;
}

/** A config or secret in a container. */
export interface FileSpec {
  kind: ContentKind;
  /** Its key in the file. */
  source: string;
  target: string;
  /** Absent: the service's `user` where that is a number, else root. */
  uid?: number;
  gid?: number;
  /** Permission bits, without those for writing. */
  mode: number;
}

/** A command that is run in a container beside its own. */
export interface HookSpec {
  command: string[];
  environment: Record<string, string>;
  /** Absent: the container's own. */
  user?: string;
  workingDir?: string;
  privileged?: boolean;
}

export interface HealthcheckSpec {
  /** As the engine takes it: `['CMD', …]` or `['CMD-SHELL', text]`. */
  test: string[];
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  startPeriodMs: number;
}

export type DependencyCondition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface DependencySpec {
  condition: DependencyCondition;
  /** Whether the service is restarted when the one it depends on is replaced on purpose. */
  restart: boolean;
  /** False: a missing dependency is no error. */
  required: boolean;
}

export interface RestartSpec {
  condition: 'none' | 'on-failure' | 'any';
  /** Wait before each attempt; absent: the agent's own back-off. */
  delayMs?: number;
  /** Absent: never give up. */
  maxAttempts?: number;
  /** How long a container has to stay up for an attempt to count as a success. */
  windowMs?: number;
}

export interface PlacementSpec {
  /** `node.labels.zone == a`, as in Compose. */
  constraints: string[];
  /** Labels to spread over, most important first. */
  spread: string[];
  maxReplicasPerNode?: number;
}

/** How a new version of a service takes over from the one before; where there is none, a few tasks at a time. */
export type RolloutSpec =
  /** `steps`: per cent of the traffic for the new version, growing; then all. `pauseMs` absent: a person says when to go on. */
  | { strategy: 'canary'; steps: number[]; pauseMs?: number; analysis?: AnalysisSpec }
  /** All new tasks beside the old ones, without traffic; then all of it at once. */
  | { strategy: 'blue-green'; analysis?: AnalysisSpec };

/** {@link AnalysisSpec.minRequests} where nothing is said, and the most that can be. */
export const MIN_REQUESTS = { byDefault: 100, most: 1_000_000_000 };

/** What the requests to a new version are held to at each step; there is at least one limit. */
export interface AnalysisSpec {
  /** Of its requests, 0 to 1. */
  maxErrorRate?: number;
  /** The mean from request to the end of the answer. */
  maxLatencyMs?: number;
  /** The same, in multiples of the mean of the version before. */
  maxLatencyRatio?: number;
  /** A step is left, or ends the rollout, when so many have been measured in it. */
  minRequests: number;
}

export interface UpdateSpec {
  /** 0: all at once. */
  parallelism: number;
  delayMs: number;
  order: 'start-first' | 'stop-first';
  failureAction: 'continue' | 'pause' | 'rollback';
  monitorMs: number;
  maxFailureRatio: number;
}

/** Settings that are handed to the engine as they are. */
export interface RuntimeSpec {
  privileged?: boolean;
  readOnly?: boolean;
  init?: boolean;
  tty?: boolean;
  stdinOpen?: boolean;
  capAdd?: string[];
  capDrop?: string[];
  securityOpt?: string[];
  sysctls?: Record<string, string>;
  ulimits?: Record<string, { soft: number; hard: number }>;
  shmSizeBytes?: number;
  extraHosts?: string[];
  dns?: string[];
  dnsSearch?: string[];
  groupAdd?: string[];
  devices?: { host: string; container: string; permissions: string }[];
  /** Devices that the engine picks by what they can do; as many are reserved as a generic resource. */
  deviceRequests?: DeviceRequest[];
  oomScoreAdj?: number;
  pidMode?: string;
  ipcMode?: string;
}

export interface DeviceRequest {
  driver?: string;
  count: number;
  /** All that one device has to be able to do: `['gpu']`. */
  capabilities: string[];
  options?: Record<string, string>;
}
