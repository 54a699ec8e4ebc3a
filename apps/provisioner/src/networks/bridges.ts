import type { LoggerService } from '@nestjs/common';
import { commit, put, type Connection } from '@tutti/bus';
import { EngineError, type ContainerEngine, type NetworkConfig, type NetworkInfo } from '@tutti/engine';
import { formatCidr, messageOf, parseCidr, type Bridge, type Cidr } from '@tutti/model';
import { freeSubnet } from '../core/subnets.js';
import { hostStretches } from './host-networks.js';

/** How many subnets that turn out to be taken are passed over before the engine picks one. */
const TRIES = 16;
const AGAIN_MS = 1000;

export interface BridgesOptions {
  bus: Connection;
  engine: ContainerEngine;
  logger: LoggerService;
  node: string;
  /** Of this host, on the way to the others. */
  address: string;
  /** Labels of this agent's networks. */
  labels: Record<string, string>;
  /** Undefined: the engine picks subnets. */
  range(): Promise<Cidr | undefined>;
}

/**
 * The networks of this node: each has a subnet of the node's range, so that an address is one container's in all the
 * cluster. What the engine has is the only memory of them; what it has is told in the record `bridges`.
 */
export class Bridges {
  private making: Promise<unknown> = Promise.resolve();
  private telling: Promise<void> | undefined;
  private untold = false;
  private told = '';
  private again: NodeJS.Timeout | undefined;
  private kind: string | undefined;

  constructor(private readonly options: BridgesOptions) {}

  /**
   * The network of this name, made if there is none.
   * @throws EngineError as the engine does
   */
  async ensure(config: NetworkConfig, prefix: number): Promise<NetworkInfo> {
    // One at a time: each has to see what the one before has taken.
    const made = this.making.then(() => this.make(config, prefix));
    this.making = made.catch(() => undefined);
    const network = await made;
    // Not waited for: the bus may be away, and containers are needed all the same.
    void this.tell();
    return network;
  }

  /** Says which networks there are, once more where something may have changed while it did. */
  tell(): Promise<void> {
    clearTimeout(this.again);
    this.untold = true;
    this.telling ??= this.keepTelling();
    return this.telling;
  }

  /** Only a Docker Engine has bridges; of another, nobody has to know. */
  private async hasBridges(): Promise<boolean> {
    this.kind ??= (await this.options.engine.info()).kind;
    return this.kind === 'docker';
  }

  close(): void {
    clearTimeout(this.again);
  }

  private async make(config: NetworkConfig, prefix: number): Promise<NetworkInfo> {
    const { engine, logger, range } = this.options;
    const whole = (await this.hasBridges()) ? await range() : undefined;
    const refused: Cidr[] = [];
    while (whole && refused.length < TRIES) {
      const networks = await engine.listNetworks();
      const known = networks.find(({ name }) => name === config.name);
      if (known) return known;
      const used = networks.flatMap(({ subnet }) => (subnet && parseCidr(subnet)) || []);
      const subnet = freeSubnet(whole, prefix, [...used, ...refused, ...hostStretches()]);
      if (!subnet) break;
      try {
        return await engine.ensureNetwork({ ...config, subnet: formatCidr(subnet) });
      } catch (error) {
        if (!(error instanceof EngineError && error.code === 'subnet-taken')) throw error;
        refused.push(subnet);
      }
    }
    if (whole) {
      logger.warn(
        `no subnet of this node's range ${formatCidr(whole)} is free for the network ${config.name}: its tasks here are not reached by address from other nodes`,
      );
    }
    return engine.ensureNetwork(config);
  }

  private async keepTelling(): Promise<void> {
    const { logger } = this.options;
    while (this.untold) {
      this.untold = false;
      try {
        await this.tellOnce();
      } catch (error) {
        logger.warn(`the node's networks are told again: ${messageOf(error)}`);
        this.again = setTimeout(() => void this.tell(), AGAIN_MS).unref();
      }
    }
    // In the turn in which the loop ends, so that nobody waits for one that is over.
    this.telling = undefined;
  }

  private async tellOnce(): Promise<void> {
    const { bus, engine, labels, node, address } = this.options;
    if (!(await this.hasBridges())) return;
    const networks = await engine.listNetworks({ labels });
    const bridges = networks
      .flatMap(({ name, subnet, gateway }): Bridge[] => (subnet && gateway ? [{ network: name, subnet, gateway }] : []))
      .sort((a, b) => (a.network < b.network ? -1 : 1));
    const text = JSON.stringify([address, bridges]);
    if (text === this.told) return;
    const record = { node, address, bridges, updatedAt: new Date().toISOString() };
    await commit(bus, [put('bridges', record, { event: 'changed' })]);
    this.told = text;
  }
}
