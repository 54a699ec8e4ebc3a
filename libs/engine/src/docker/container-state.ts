import type { EngineHealth, PublishedPort, Time } from '@tutti/model';
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { ContainerRunState, ContainerState, ContainerStats, ContainerSummary } from '../port/container.js';

/** Go's zero time stands for "never". */
const NEVER = '0001-';

/** A time of Docker's (nanoseconds, any zone) with milliseconds in UTC; undefined for "never". */
export function toTime(text: string | undefined): Time | undefined {
  return text && !text.startsWith(NEVER) ? new Date(text).toISOString() : undefined;
}

export function toSummary(info: ContainerInfo): ContainerSummary {
  return {
    id: info.Id,
    name: (info.Names[0] ?? '').replace(/^\//, ''),
    image: info.Image,
    labels: info.Labels ?? {},
    state: info.State as ContainerRunState,
    createdAt: new Date(info.Created * 1000).toISOString(),
  };
}

export function toState(info: ContainerInspectInfo): ContainerState {
  const { State: state, Config: config, NetworkSettings: network } = info;
  const finishedAt = toTime(state.FinishedAt);
  const ended = !state.Running && finishedAt !== undefined;
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    image: config.Image,
    labels: config.Labels ?? {},
    state: state.Status as ContainerRunState,
    createdAt: toTime(info.Created) ?? new Date(0).toISOString(),
    pid: state.Running ? state.Pid : undefined,
    exitCode: ended ? state.ExitCode : undefined,
    oomKilled: state.OOMKilled,
    error: state.Error || undefined,
    health: toHealth(state.Health),
    startedAt: toTime(state.StartedAt),
    finishedAt,
    addresses: toAddresses(network.Networks ?? {}),
    ports: toPorts(network.Ports ?? {}),
  };
}

function toHealth(health: ContainerInspectInfo['State']['Health']): ContainerState['health'] {
  if (!health || health.Status === 'none') return undefined;
  return { status: health.Status as EngineHealth, lastOutput: health.Log?.at(-1)?.Output };
}

function toAddresses(networks: Record<string, { IPAddress: string }>): Record<string, string> {
  const known = Object.entries(networks).filter(([, { IPAddress }]) => IPAddress);
  return Object.fromEntries(known.map(([name, { IPAddress }]) => [name, IPAddress]));
}

function toPorts(ports: ContainerInspectInfo['NetworkSettings']['Ports']): PublishedPort[] {
  const published = new Map<string, PublishedPort>();
  for (const [key, bindings] of Object.entries(ports)) {
    const [container = '', protocol] = key.split('/');
    for (const { HostIp, HostPort } of forReader(bindings ?? [])) {
      const hostIp = anyAddress(HostIp) ? undefined : HostIp;
      const port = {
        host: Number(HostPort),
        container: Number(container),
        protocol: protocol as 'tcp' | 'udp',
        hostIp,
      };
      published.set(`${hostIp}:${HostPort}/${key}`, port);
    }
  }
  return [...published.values()];
}

/**
 * Docker lists IPv4 and IPv6 apart; for a reader it is one port. Where Docker chooses the numbers itself it may choose two
 * (its counters for the two families drift apart): that of IPv4 is told then, which all clients can reach.
 */
function forReader<T extends { HostIp?: string }>(bindings: readonly T[]): readonly T[] {
  const ofIPv4 = bindings.filter(({ HostIp }) => HostIp !== '::');
  return ofIPv4.some(({ HostIp }) => anyAddress(HostIp)) ? ofIPv4 : bindings;
}

function anyAddress(ip: string | undefined): boolean {
  return !ip || ip === '0.0.0.0' || ip === '::';
}

/** The parts of Docker's stats that we read; the rest differs between cgroup versions. */
export interface RawStats {
  read: string;
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: Record<string, number> };
}

/** Undefined where the container did not run: Docker answers with zeros then. */
export function toStats({ read, cpu_stats: cpu, memory_stats: memory }: RawStats): ContainerStats | undefined {
  const at = toTime(read);
  if (!at || memory?.usage === undefined) return undefined;
  // cgroup v1 and v2 name the cache that can be dropped differently.
  const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return {
    cpuSeconds: (cpu?.cpu_usage?.total_usage ?? 0) / 1e9,
    memoryBytes: Math.max(0, memory.usage - cache),
    at,
  };
}
