import { connectBus, filters, keys, watch, type RunningService } from '@tutti/bus';
import { startDataPlane, type DataPlane } from '@tutti/data-plane';
import type { NodeRecord } from '@tutti/model';
import { hostSettingsFromEnv, start, type EngineChoice } from '@tutti/provisioner';
import { filter, firstValueFrom, map } from 'rxjs';
import type { AgentHome, Membership } from './home.js';

export interface AgentSettings {
  home: AgentHome;
  membership: Membership;
  labels: Record<string, string>;
  engine: EngineChoice;
  /** Whether this node has a resolver. */
  resolver?: boolean;
  /** See `HostSettings`. */
  leaseMs?: number;
  /** Whether there is a proxy that goes by this node's name. */
  proxy: boolean;
}

/** Long enough for a control plane that is just restarting. */
const BUS_PATIENCE_MS = 30_000;

/**
 * Runs the agent of a host that has joined.
 * @throws TuttiError when the bus cannot be reached
 */
export function runAgent(settings: AgentSettings): Promise<RunningService> {
  const { membership, labels, engine, leaseMs, proxy, resolver = false } = settings;
  return start({
    ...busOf(settings),
    ...hostSettingsFromEnv(),
    clusterId: membership.cluster,
    labels,
    ...(membership.address !== undefined && { address: membership.address }),
    engine,
    resolver,
    ...(leaseMs !== undefined && { leaseTtlMs: leaseMs }),
    proxy,
  });
}

/** Starts what stands beside the agent. @throws TuttiError for an overlay that cannot be had */
export function runDataPlane(
  settings: Pick<AgentSettings, 'home' | 'membership'> & { hasProxy: boolean },
  log: (line: string) => void,
): Promise<DataPlane> {
  const { cluster } = settings.membership;
  return startDataPlane({ ...busOf(settings), cluster, hasProxy: settings.hasProxy }, log);
}

/** Resolves when the agent has said what its node offers: from then on tasks may be placed on it. */
export async function untilKnown(settings: AgentSettings, since: number): Promise<NodeRecord> {
  const bus = await connectBus(busOf(settings));
  try {
    const { node } = settings.membership;
    const said = watch(bus, [filters.one(keys.node({ node }))]).pipe(
      map((change) => (change.type === 'put' ? change.record : undefined)),
      filter((record) => record !== undefined && Date.parse(record.startedAt) >= since),
    );
    return (await firstValueFrom(said)) as NodeRecord;
  } finally {
    await bus.nc.close();
  }
}

function busOf({ home, membership: { node, servers } }: Pick<AgentSettings, 'home' | 'membership'>): {
  name: string;
  node: string;
  servers: string[];
  credentials: string;
  timeoutMs: number;
} {
  return { name: 'provisioner', node, servers, credentials: home.credentials, timeoutMs: BUS_PATIENCE_MS };
}
