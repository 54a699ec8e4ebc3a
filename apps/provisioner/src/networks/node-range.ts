import type { LoggerService } from '@nestjs/common';
import { filters, keys, watch, type Connection } from '@tutti/bus';
import { messageOf, parseCidr, type Cidr } from '@tutti/model';
import type { Subscription } from 'rxjs';

/** A node that has just joined is given its range within this time, in milliseconds, where service discovery is there. */
const PATIENCE_MS = 1000;

/** The stretch of the cluster's addresses that is this node's, as service discovery has it. */
export class NodeRange {
  private cidr: Cidr | undefined;
  private readonly subscription: Subscription;
  private readonly waiting = new Set<() => void>();
  private patient: NodeJS.Timeout | undefined;

  constructor(bus: Connection, node: string, logger: LoggerService) {
    this.patient = setTimeout(() => this.settle(), PATIENCE_MS).unref();
    this.subscription = watch(bus, [filters.one(keys.range({ node }))]).subscribe({
      next: (change) => {
        if (change.type === 'ready') return;
        this.cidr = change.type === 'put' ? parseCidr(change.record.cidr) : undefined;
        if (this.cidr) this.settle();
      },
      error: (error: unknown) => logger.warn(`the address range of this node cannot be followed: ${messageOf(error)}`),
    });
  }

  /** Undefined: it has none, and its engine picks subnets. Waits for it only in the agent's first moments. */
  async get(): Promise<Cidr | undefined> {
    if (!this.cidr && this.patient) await new Promise<void>((resolve) => this.waiting.add(resolve));
    return this.cidr;
  }

  close(): void {
    this.subscription.unsubscribe();
    this.settle();
  }

  private settle(): void {
    clearTimeout(this.patient);
    this.patient = undefined;
    this.waiting.forEach((resolve) => resolve());
    this.waiting.clear();
  }
}
