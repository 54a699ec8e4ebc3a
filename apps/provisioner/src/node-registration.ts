import { commit, get, holdLease, keys, put, type Connection, type HeldLease, type LeaseOptions } from '@tutti/bus';
import type { ContainerEngine, EngineInfo } from '@tutti/engine';
import type { NodeRecord } from '@tutti/model';
import { ownAddress } from './networks/host-networks.js';
import type { Settings } from './settings.js';

/** The node's record, and the lease that says that it is alive. */
export class NodeRegistration {
  private lease: HeldLease | undefined;
  private readonly startedAt = new Date().toISOString();

  constructor(
    private readonly bus: Connection,
    private readonly settings: Settings,
  ) {}

  /** Says what the node offers. Done each time the engine comes, since it may come back as a newer one. */
  async announce(engine: ContainerEngine): Promise<void> {
    const { node, labels, address, leaseTtlMs } = this.settings;
    const info = await engine.info();
    const generic = offered({ ...info.generic, ...this.settings.resources });
    const record: NodeRecord = {
      node,
      labels,
      engine: engineOf(info),
      capacity: { cpuMillis: info.cpuMillis, memoryBytes: info.memoryBytes, ...(generic && { generic }) },
      // Plain processes have no addresses of their own that a proxy could hand on to: they listen on the host's.
      ...(this.settings.proxy && info.kind !== 'process' && { proxy: true }),
      address: address ?? ownAddress(),
      leaseTtlMs,
      startedAt: this.startedAt,
    };
    const known = await get(this.bus, keys.node(record));
    if (JSON.stringify(known?.record) === JSON.stringify(record)) return;
    await commit(this.bus, [
      put('node', record, { event: known?.record.startedAt === this.startedAt ? 'changed' : 'joined' }),
    ]);
  }

  /** Holds the lease until {@link letGo}. */
  hold(hooks: Pick<LeaseOptions, 'beforeRenewal' | 'onRenewed'>): void {
    const { node, leaseTtlMs: ttlMs, leaseEveryMs: everyMs } = this.settings;
    this.lease ??= holdLease(this.bus, { kind: 'node', name: node, ttlMs, everyMs, ...hooks });
  }

  /** Gives the lease up at once: the node is of no use. */
  letGo(): void {
    this.lease?.release();
    this.lease = undefined;
  }

  /** Stops renewing: an agent that is back in time has never been gone. */
  lapse(): void {
    this.lease?.lapse();
    this.lease = undefined;
  }
}

function engineOf({ kind, version, apiVersion, os, arch, labels }: EngineInfo): NodeRecord['engine'] {
  return { kind, version, apiVersion, os, arch, ...(Object.keys(labels).length > 0 && { labels }) };
}

/** What it has none of, it does not offer. */
function offered(counts: Record<string, number>): Record<string, number> | undefined {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.length > 0 ? Object.fromEntries(some) : undefined;
}
