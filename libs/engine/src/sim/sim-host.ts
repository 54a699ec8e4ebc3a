import type { PublishedPort } from '@tutti/model';
import type { ContainerConfig } from '../port/container.js';
import { EngineError } from '../port/errors.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import type { SeededRandom } from './random.js';
import type { Held } from './sim-container.js';

/** What containers attach to where they name no network. */
const DEFAULT_NETWORK = 'bridge';
/** The host's ports that it picks from. */
const FREE_PORTS = { from: 32_768, to: 60_999 };
/** Networks have 65,534 addresses each, of which the first is the host's. */
const ADDRESSES = 65_534;

interface SimNetwork {
  info: NetworkInfo;
  /** The second byte of its addresses. */
  index: number;
  nextAddress: number;
  inUse: Set<number>;
}

/** The networks, volumes, ports and process ids of a simulated host. */
export class SimHost {
  private readonly networks = new Map<string, SimNetwork>();
  private readonly volumes = new Map<string, { info: VolumeInfo; users: number }>();
  private readonly ports = new Set<string>();
  private nextPort = FREE_PORTS.from;
  private nextPid = 1000;

  constructor(private readonly random: SeededRandom) {
    this.ensureNetwork({ name: DEFAULT_NETWORK });
  }

  ensureNetwork({ name, labels = {}, subnet }: NetworkConfig): NetworkInfo {
    const existing = this.networks.get(name);
    if (existing) return existing.info;
    const index = this.freeIndex();
    const info = {
      id: this.random.hex(64),
      name,
      labels,
      subnet: subnet ?? `10.${index}.0.0/16`,
      gateway: `10.${index}.0.1`,
    };
    this.networks.set(name, { info, index, nextAddress: 2, inUse: new Set() });
    return info;
  }

  removeNetwork(name: string): Removal {
    const network = this.networks.get(name);
    if (!network) return 'absent';
    if (network.inUse.size > 0) return 'in-use';
    this.networks.delete(name);
    return 'removed';
  }

  listNetworks(): NetworkInfo[] {
    return [...this.networks.values()].map(({ info }) => info);
  }

  ensureVolume({ name, labels = {} }: VolumeConfig): VolumeInfo {
    const existing = this.volumes.get(name);
    if (existing) return existing.info;
    const info = { name, labels };
    this.volumes.set(name, { info, users: 0 });
    return info;
  }

  removeVolume(name: string): Removal {
    const volume = this.volumes.get(name);
    if (!volume) return 'absent';
    if (volume.users > 0) return 'in-use';
    this.volumes.delete(name);
    return 'removed';
  }

  listVolumes(): VolumeInfo[] {
    return [...this.volumes.values()].map(({ info }) => info);
  }

  /** A container was made or removed: as with Docker, its volumes are in use for as long as it is there. */
  useVolumes({ mounts = [] }: ContainerConfig, change: 1 | -1): void {
    for (const { type, source } of mounts) {
      if (type !== 'volume' || !source) continue;
      this.ensureVolume({ name: source });
      const volume = this.volumes.get(source);
      if (volume) volume.users += change;
    }
  }

  /** @throws EngineError `no-such-network` */
  requireNetworks(config: ContainerConfig): SimNetwork[] {
    const names = config.networks?.map(({ name }) => name) ?? [];
    return (names.length > 0 ? names : [DEFAULT_NETWORK]).map((name) => {
      const network = this.networks.get(name);
      if (network) return network;
      throw new EngineError('no-such-network', `cannot attach ${config.name}: there is no network ${name}`);
    });
  }

  /** Takes what a container needs to run. @throws EngineError `no-such-network`, `port-taken` */
  hold(config: ContainerConfig): Held {
    const networks = this.requireNetworks(config);
    const ports = this.takePorts(config);
    const taken = networks.map((network) => ({ network, address: takeAddress(network) }));
    const release = (): void => {
      for (const port of ports) this.ports.delete(keyOf(port.host, port.protocol));
      for (const { network, address } of taken) network.inUse.delete(address);
    };
    const addresses = Object.fromEntries(
      taken.map(({ network, address }) => [network.info.name, `10.${network.index}.${address >> 8}.${address & 255}`]),
    );
    return { pid: this.nextPid++, addresses, ports, release };
  }

  private takePorts({ name, ports = [] }: ContainerConfig): PublishedPort[] {
    const taken = ports.find(({ published, protocol }) => published && this.ports.has(keyOf(published, protocol)));
    if (taken) {
      const message = `cannot start ${name}: port ${taken.published} of the host is taken by another container`;
      throw new EngineError('port-taken', message);
    }
    return ports.map(({ target, published, protocol, hostIp }) => {
      const host = published ?? this.freePort(protocol);
      this.ports.add(keyOf(host, protocol));
      return { host, container: target, protocol, hostIp };
    });
  }

  private freePort(protocol: string): number {
    for (let tries = FREE_PORTS.from; tries <= FREE_PORTS.to; tries++) {
      const port = this.nextPort;
      this.nextPort = port === FREE_PORTS.to ? FREE_PORTS.from : port + 1;
      if (!this.ports.has(keyOf(port, protocol))) return port;
    }
    throw new EngineError('port-taken', 'all ports of the host are taken');
  }

  private freeIndex(): number {
    const used = new Set([...this.networks.values()].map(({ index }) => index));
    for (let index = 0; index < 256; index++) if (!used.has(index)) return index;
    throw new EngineError('internal', 'all subnets of the host are taken: remove networks that nobody uses');
  }
}

function takeAddress(network: SimNetwork): number {
  for (let tries = 0; tries < ADDRESSES; tries++) {
    const address = network.nextAddress;
    network.nextAddress = address === ADDRESSES ? 2 : address + 1;
    if (network.inUse.has(address)) continue;
    network.inUse.add(address);
    return address;
  }
  throw new EngineError('internal', `network ${network.info.name} has no address left`);
}

function keyOf(port: number, protocol: string): string {
  return `${port}/${protocol}`;
}
