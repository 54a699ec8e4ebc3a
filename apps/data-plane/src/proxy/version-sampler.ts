import { subjects, type Connection } from '@tutti/bus';
import type { ServiceVersions } from '@tutti/model';
import { publishSamples } from './samples.js';

const PER_MESSAGE = 500;

interface SamplerOptions {
  bus: Connection;
  node: string;
  everyMs: number;
  /** Whether anybody judges by what is counted. */
  isWanted(): boolean;
  read(): Promise<ServiceVersions[]>;
}

/** Publishes what was counted of the requests to each version of a service, often, for as long as somebody judges by that. */
export class VersionSampler {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: SamplerOptions) {}

  /** Has it begin, if it is wanted now. */
  wake(): void {
    if (this.stopped || this.timer || !this.options.isWanted()) return;
    this.timer = setTimeout(() => void this.round(), this.options.everyMs).unref();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One after the other; a sample that cannot be had is left out. */
  private async round(): Promise<void> {
    try {
      this.publish(await this.options.read());
    } catch {
      // HAProxy is just being replaced: the next round is soon.
    } finally {
      this.timer = undefined;
      this.wake();
    }
  }

  private publish(services: readonly ServiceVersions[]): void {
    const { bus, node } = this.options;
    if (this.stopped) return;
    publishSamples(bus, { subject: subjects.versions(node), node, services, perMessage: PER_MESSAGE });
  }
}
