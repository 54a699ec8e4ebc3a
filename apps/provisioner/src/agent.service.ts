import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, type Connection } from '@tutti/bus';
import { backoffMs, messageOf } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeAgent } from './node-agent.js';
import { openEngine } from './open-engine.js';
import type { Settings } from './settings.js';

export const SETTINGS = Symbol('SETTINGS');

const BACKOFF = { firstMs: 250, maxMs: 5000 };

/** Waits for the engine and the bus, then works for the node until the service closes. */
@Injectable()
export class Agent implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Agent.name);
  private readonly closing = new AbortController();
  private starting: Promise<NodeAgent | undefined> = Promise.resolve(undefined);

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Does not hold up the service's start: an engine may be down for long. */
  onApplicationBootstrap(): void {
    this.starting = this.begin();
  }

  /** Containers are left as they are. */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    const agent = await this.starting;
    await agent?.close();
  }

  private async begin(): Promise<NodeAgent | undefined> {
    const engine = await this.untilDone(
      () => openEngine(this.settings, this.logger),
      'waiting for the container engine',
    );
    if (!engine) return undefined;
    const agent = new NodeAgent({ bus: this.bus, engine, settings: this.settings, logger: this.logger });
    await this.untilDone(() => agent.start(), 'the node cannot start yet');
    return agent;
  }

  private async untilDone<T>(attempt: () => Promise<T>, saying: string): Promise<T | undefined> {
    for (let tries = 0; !this.closing.signal.aborted; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (tries % 10 === 0) this.logger.warn(`${saying}: ${messageOf(error)}`);
        await sleep(backoffMs(BACKOFF, tries), undefined, { signal: this.closing.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }
}
