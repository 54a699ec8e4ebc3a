import { follow } from './follow.js';
import type { Gateway } from './http.js';

/** A burst of events is answered with one look. */
const GATHER_MS = 150;

/** Hears that something happens to tasks, so that whoever waits looks again. */
export class Ear {
  private news = false;
  private resolve: () => void = () => undefined;

  constructor(gateway: Gateway, signal: AbortSignal) {
    void this.listen(gateway, signal).catch(() => undefined);
  }

  wake(): void {
    this.news = true;
    this.resolve();
  }

  /** Resolves a moment after something was heard, or when the time is over. */
  async heard(withinMs: number): Promise<void> {
    if (!this.news) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.resolve = () => {
          clearTimeout(timer);
          setTimeout(resolve, GATHER_MS);
        };
      });
    }
    this.news = false;
  }

  private async listen(gateway: Gateway, signal: AbortSignal): Promise<void> {
    for await (const item of follow(gateway, '/v1/events', { query: { resource: 'task', since: 'now' }, signal })) {
      if (item.type === 'event' || item.type === 'open') this.wake();
    }
  }
}
