import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from '@tutti/bus';
import { backoffMs, messageOf, type ServiceName } from '@tutti/model';
import { serviceOf, STOP_ORDER, type Fleet, type Hosting } from './fleet.js';
import { starters } from './starters.js';

const BACKOFF = { firstMs: 250, maxMs: 10_000 };
const START_ATTEMPTS = 5;

/** Every service in this process: each with its own bus connection and user, each restarted alone. */
export class InProcess implements Fleet {
  private readonly running = new Map<ServiceName, RunningService>();
  private readonly restarting = new Set<ServiceName>();
  private readonly starters;
  private stopping = false;

  constructor(private readonly hosting: Hosting) {
    this.starters = starters(hosting);
    process.on('unhandledRejection', (error) => this.failed(error));
    process.on('uncaughtException', (error) => this.failed(error));
  }

  async start(): Promise<void> {
    await Promise.all(this.hosting.services.map((name) => this.launch(name, START_ATTEMPTS)));
  }

  async close(): Promise<void> {
    this.stopping = true;
    for (const name of STOP_ORDER) {
      await this.running
        .get(name)
        ?.close()
        .catch((error: unknown) => this.hosting.log(`${name} did not stop in order: ${messageOf(error)}`));
    }
  }

  pids(): Record<string, number> {
    return {};
  }

  private async launch(name: ServiceName, attempts: number): Promise<void> {
    for (let attempt = 0; !this.stopping; attempt++) {
      try {
        this.running.set(name, await this.starters[name]());
        return;
      } catch (error) {
        this.hosting.log(`${name} does not start: ${messageOf(error)}`);
        if (attempt + 1 >= attempts) throw error;
        await sleep(backoffMs(BACKOFF, attempt));
      }
    }
  }

  /** What nobody caught must not take the other services along: it is logged, and its service starts afresh. */
  private failed(error: unknown): void {
    const name = serviceOf(error);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.hosting.log(`unhandled error in ${name ?? 'the control plane'}: ${text}`);
    if (name && this.running.has(name)) void this.restart(name);
  }

  private async restart(name: ServiceName): Promise<void> {
    if (this.stopping || this.restarting.has(name)) return;
    this.restarting.add(name);
    this.hosting.log(`restarting ${name}`);
    await this.running
      .get(name)
      ?.close()
      .catch(() => undefined);
    await this.launch(name, Infinity);
    this.restarting.delete(name);
  }
}
