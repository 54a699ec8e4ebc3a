import type Docker from 'dockerode';
import type { NetworkInspectInfo } from 'dockerode';
import type { CallOptions } from '../port/call.js';
import type { LabelFilter } from '../port/engine.js';
import { EngineError } from '../port/errors.js';
import type { NetworkConfig, NetworkInfo, Removal } from '../port/resources.js';
import type { Caller } from './caller.js';
import { toLabelFilter } from './filters.js';
import { KeyedQueue } from '../shared/keyed-queue.js';

/** Docker allows several networks of one name; here a name means the oldest. */
export class DockerNetworks {
  /** One change a name at a time: of two creations at once Docker would make two networks. */
  private readonly queue = new KeyedQueue();

  constructor(
    private readonly docker: Docker,
    private readonly caller: Caller,
  ) {}

  ensure(config: NetworkConfig, options: CallOptions = {}): Promise<NetworkInfo> {
    return this.queue.run(config.name, async () => {
      const existing = await this.find(config.name, options);
      if (existing) return existing;
      await this.create(config, options).catch((error: unknown) => {
        // Another process was faster.
        if (!(error instanceof EngineError && error.code === 'conflict')) throw error;
      });
      const made = await this.find(config.name, options);
      if (made) return made;
      throw new EngineError('internal', `network ${config.name} vanished as soon as it was made`);
    });
  }

  remove(name: string, options: CallOptions = {}): Promise<Removal> {
    return this.queue.run(name, async () => {
      const network = await this.find(name, options);
      if (!network) return 'absent';
      try {
        const call = { ...options, what: `remove network ${name}` };
        await this.caller.call(call, (abortSignal) => this.docker.getNetwork(network.id).remove({ abortSignal }));
        return 'removed';
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (error.code === 'conflict') return 'in-use';
        if (error.code === 'not-found' || error.code === 'no-such-network') return 'absent';
        throw error;
      }
    });
  }

  async list({ labels, ...options }: LabelFilter = {}): Promise<NetworkInfo[]> {
    return (await this.query(toLabelFilter(labels), options)).map(toNetwork);
  }

  private async find(name: string, options: CallOptions): Promise<NetworkInfo | undefined> {
    // Docker's name filter matches parts of names too.
    const matches = (await this.query({ name: [name] }, options)).filter((network) => network.Name === name);
    const [oldest] = matches.sort((a, b) => a.Created.localeCompare(b.Created) || a.Id.localeCompare(b.Id));
    return oldest && toNetwork(oldest);
  }

  private query(filters: Record<string, string[]>, options: CallOptions): Promise<NetworkInspectInfo[]> {
    const call = { ...options, what: 'list networks' };
    return this.caller.call(call, (abortSignal) => this.docker.listNetworks({ filters, abortSignal }));
  }

  private async create(config: NetworkConfig, options: CallOptions): Promise<void> {
    const { name, labels, internal, driver = 'bridge', driverOpts, subnet } = config;
    const settings = {
      Name: name,
      Driver: driver,
      CheckDuplicate: true,
      Labels: labels,
      Internal: internal,
      Options: driverOpts,
      IPAM: subnet === undefined ? undefined : { Config: [{ Subnet: subnet, Gateway: firstAddress(subnet) }] },
    };
    const call = { ...options, what: `create network ${name}` };
    await this.caller.call(call, (abortSignal) => this.docker.createNetwork({ ...settings, abortSignal }));
  }
}

/** The host's address on a subnet: said, since Docker keeps to itself the one that it picks. Undefined for IPv6. */
function firstAddress(subnet: string): string | undefined {
  const [address = ''] = subnet.split('/');
  const bytes = address.split('.').map(Number);
  return bytes.length === 4 ? [...bytes.slice(0, 3), (bytes[3] ?? 0) + 1].join('.') : undefined;
}

function toNetwork({ Id: id, Name: name, Labels: labels, IPAM }: NetworkInspectInfo): NetworkInfo {
  const [config] = IPAM?.Config ?? [];
  return { id, name, labels: labels ?? {}, subnet: config?.Subnet, gateway: config?.Gateway };
}
