import type { EngineInfo } from '../port/host.js';
import type { EngineVersion } from './api-version.js';

/** The parts of Docker's system information that we read. */
export interface RawInfo {
  OSType: string;
  Architecture: string;
  KernelVersion?: string;
  Name: string;
  NCPU: number;
  MemTotal: number;
  Labels?: string[] | null;
  /** Set by --node-generic-resource; outside of Swarm mode, too. */
  GenericResources?: RawResource[] | null;
}

interface RawResource {
  DiscreteResourceSpec?: { Kind: string; Value: number };
  /** One by its name. */
  NamedResourceSpec?: { Kind: string; Value: string };
}

/** The kernel's names for processors, and what images call them. */
const ARCHITECTURES: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm', i686: '386' };

export function toEngineInfo(info: RawInfo, { version, apiVersion }: EngineVersion): EngineInfo {
  return {
    kind: 'docker',
    version,
    apiVersion,
    os: info.OSType,
    arch: ARCHITECTURES[info.Architecture] ?? info.Architecture,
    kernel: info.KernelVersion,
    name: info.Name,
    cpuMillis: info.NCPU * 1000,
    memoryBytes: info.MemTotal,
    labels: Object.fromEntries((info.Labels ?? []).map(splitLabel)),
    ...(info.GenericResources?.length && { generic: countByKind(info.GenericResources) }),
  };
}

function countByKind(resources: readonly RawResource[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { DiscreteResourceSpec: many, NamedResourceSpec: one } of resources) {
    const kind = many?.Kind ?? one?.Kind;
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + (many?.Value ?? 1));
  }
  return Object.fromEntries(counts);
}

function splitLabel(text: string): [string, string] {
  const [key = '', value = ''] = text.split(/=(.*)/s);
  return [key, value];
}
