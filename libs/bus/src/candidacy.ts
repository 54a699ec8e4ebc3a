import type { Connection } from './connection.js';
import { Leadership, type Office } from './leadership.js';
import type { Standing } from './state/own-records.js';

/** Runs for leader once the picture is complete that a leader decides on; until then it follows. */
export class Candidacy implements Standing {
  private leadership: Leadership | undefined;
  private closed = false;

  /** @param name the service's, as its NATS user may write */
  constructor(
    private readonly bus: Connection,
    private readonly name: string,
    private readonly office: Office,
  ) {}

  get leads(): boolean {
    return this.leadership?.leads ?? false;
  }

  /** The picture is complete. */
  stand(): void {
    if (!this.closed) this.leadership ??= new Leadership(this.bus, this.name, this.office);
  }

  /** Gives the office to whoever is there. */
  async close(): Promise<void> {
    this.closed = true;
    await this.leadership?.close();
  }
}
