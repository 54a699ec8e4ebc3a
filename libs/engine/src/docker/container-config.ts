import type { HealthcheckSpec, MountSpec } from '@tutti/model';
import type { ContainerCreateOptions, HealthConfig, HostConfig, MountSettings } from 'dockerode';
import type { ContainerConfig, ContainerLimits, NetworkAttachment, PortBinding } from '../port/container.js';
import { volumesForFiles } from './files.js';
import { runtimeSettings } from './runtime-config.js';

const NANOS_PER_MS = 1_000_000;
const NANO_CPUS_PER_MILLI = 1_000_000;

/** Bounds what a container's log may take on disk; older lines are gone for the engine then. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } };

/** What Docker is asked for; only the first network, since API 1.41 takes one at creation. */
export function toCreateOptions(config: ContainerConfig): ContainerCreateOptions {
  const { ports = [], networks = [], runtime = {} } = config;
  const [first] = networks;
  return {
    name: config.name,
    Image: config.image,
    Entrypoint: config.entrypoint,
    Cmd: config.command,
    Env: Object.entries(config.env ?? {}).map(([key, value]) => `${key}=${value}`),
    Labels: config.labels,
    WorkingDir: config.workingDir,
    User: config.user,
    Hostname: config.hostname,
    Tty: runtime.tty,
    OpenStdin: runtime.stdinOpen,
    StopSignal: config.stopSignal,
    StopTimeout: config.stopGraceMs === undefined ? undefined : wholeSeconds(config.stopGraceMs),
    Healthcheck: config.healthcheck && healthConfig(config.healthcheck),
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    HostConfig: hostConfig(config, first?.name),
    NetworkingConfig: first && { EndpointsConfig: { [first.name]: endpointConfig(first) } },
  };
}

/** How a container takes part in a network. */
export function endpointConfig({ aliases }: NetworkAttachment): { Aliases: string[] } {
  return { Aliases: aliases };
}

/** Docker counts grace in whole seconds; rounding up never cuts it short. */
export function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

function hostConfig(config: ContainerConfig, network: string | undefined): HostConfig {
  return {
    ...runtimeSettings(config.runtime ?? {}),
    ...limitSettings(config.limits ?? {}),
    NetworkMode: network,
    PortBindings: portBindings(config.ports ?? []),
    Mounts: mountsOf(config),
    LogConfig: LOG_CONFIG,
    // The agent restarts: only it knows what is wanted.
    RestartPolicy: { Name: 'no' },
  };
}

function limitSettings({ cpuMillis, memoryBytes, pids }: ContainerLimits): HostConfig {
  return {
    NanoCpus: cpuMillis === undefined ? undefined : cpuMillis * NANO_CPUS_PER_MILLI,
    Memory: memoryBytes,
    // Memory and swap together: without this Docker grants as much swap again.
    MemorySwap: memoryBytes,
    PidsLimit: pids,
  };
}

function healthConfig({ test, intervalMs, timeoutMs, retries, startPeriodMs }: HealthcheckSpec): HealthConfig {
  return {
    Test: test,
    Interval: intervalMs * NANOS_PER_MS,
    Timeout: timeoutMs * NANOS_PER_MS,
    Retries: retries,
    StartPeriod: startPeriodMs * NANOS_PER_MS,
  };
}

function portKey({ target, protocol }: PortBinding): string {
  return `${target}/${protocol}`;
}

function portBindings(ports: readonly PortBinding[]): HostConfig['PortBindings'] {
  const bindings: Record<string, { HostIp?: string; HostPort: string }[]> = {};
  for (const port of ports) {
    // An empty host port asks the engine for a free one.
    (bindings[portKey(port)] ??= []).push({ HostIp: port.hostIp, HostPort: String(port.published ?? '') });
  }
  return bindings;
}

function mountsOf(config: ContainerConfig): MountSettings[] {
  const forFiles = volumesForFiles(config).map((target): MountSpec => ({ type: 'volume', target, readOnly: false }));
  return [...(config.mounts ?? []), ...forFiles].map(mountSettings);
}

function mountSettings({ type, source, target, readOnly, sizeBytes }: MountSpec): MountSettings {
  const common = { Target: target, ReadOnly: readOnly };
  if (type === 'tmpfs') {
    return { ...common, Type: 'tmpfs', TmpfsOptions: { SizeBytes: sizeBytes } } as MountSettings;
  }
  return { ...common, Type: type, Source: source } as MountSettings;
}
