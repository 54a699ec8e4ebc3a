import type { BridgesRecord, Endpoint, EndpointsRecord, NodeRecord } from '@tutti/model';
import type { Backend } from './layout.js';
import { isAddress, isPort, whole } from './safe.js';
import { ANY_PORT } from './virtual.js';

/** A task behind a backend. */
export interface Member {
  address: string;
  port: number;
  weight: number;
  /** Gets nothing while there is one that is none. */
  backup: boolean;
  /** The version under which its requests are counted; absent: they are not. */
  digest?: string;
}

/** Who is to be behind a backend, and who is to be left in peace, by task. */
export interface Wanted {
  members: ReadonlyMap<string, Member>;
  leaving: ReadonlySet<string>;
}

/** What is known of the cluster's nodes. */
export interface Surroundings {
  /** The node whose proxy this is. */
  self: string;
  node(name: string): Pick<NodeRecord, 'address' | 'labels' | 'engine'> | undefined;
  /** Whether containers of that node can be reached from here by their own addresses. */
  bridges(name: string): BridgesRecord | undefined;
}

const FULL_WEIGHT = 100;

/** The tasks of a service as a backend of it reaches them. */
export function wantedOf(record: EndpointsRecord | undefined, backend: Backend, around: Surroundings): Wanted {
  const members = new Map<string, Member>();
  for (const endpoint of record?.endpoints ?? []) {
    const place = placeOf(endpoint, backend.target, around);
    if (!place) continue;
    const weight = whole(endpoint.weight, { least: 0, most: 256, fallback: FULL_WEIGHT });
    const digest = typeof endpoint.digest === 'string' && { digest: endpoint.digest };
    members.set(endpoint.task, { ...place, weight, backup: isBackup(endpoint, backend, around), ...digest });
  }
  return { members, leaving: new Set((record?.leaving ?? []).map(({ task }) => task)) };
}

function isBackup({ node }: Endpoint, { options }: Backend, around: Surroundings): boolean {
  const zone = around.node(around.self)?.labels.zone;
  return options.zoneFirst && zone !== undefined && around.node(node)?.labels.zone !== zone;
}

/** By its own address where that leads there; else by what its node publishes. */
function placeOf(
  endpoint: Endpoint,
  target: number,
  around: Surroundings,
): Pick<Member, 'address' | 'port'> | undefined {
  const { node } = endpoint;
  const own = Object.keys(endpoint.addresses)
    .sort()
    .map((key) => endpoint.addresses[key])
    .find(isAddress);
  const isHere = node === around.self;
  const hasNetworks = around.node(node)?.engine.kind !== 'process';
  if (own !== undefined && hasNetworks && (isHere || around.bridges(node))) return { address: own, port: target };
  if (target === ANY_PORT) return undefined;
  const port = endpoint.ports.find(
    ({ container, protocol, mode }) => container === target && protocol === 'tcp' && mode !== 'ingress',
  )?.host;
  const address = isHere ? '127.0.0.1' : around.node(node)?.address;
  return isAddress(address) && isPort(port) ? { address, port } : undefined;
}
