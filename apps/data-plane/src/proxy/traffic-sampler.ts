import { subjects, type Connection } from '@tutti/bus';
import { readTraffic } from './core/traffic.js';
import type { Haproxy } from './haproxy/haproxy.js';
import { publishSamples } from './samples.js';

const PER_MESSAGE = 1000;

interface SamplerOptions {
  bus: Connection;
  haproxy: Haproxy;
  node: string;
  everyMs: number;
}

/** Publishes what HAProxy has counted for each service, now and then, beside the samples of what tasks use. */
export class TrafficSampler {
  private readonly timer: NodeJS.Timeout;
  private busy = false;
  private stopped = false;

  constructor(private readonly options: SamplerOptions) {
    this.timer = setInterval(() => void this.round(), options.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopped = true;
  }

  /** Never two at once; a sample that cannot be had is left out. */
  private async round(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await this.sample();
    } catch {
      // It does not run, or is just being replaced: the next round is soon.
    } finally {
      this.busy = false;
    }
  }

  private async sample(): Promise<void> {
    const { bus, haproxy, node } = this.options;
    const [pid] = (await haproxy.processes())?.current ?? [];
    if (pid === undefined) return;
    const services = readTraffic(await haproxy.socket.tell(pid, ['show stat -1 2 -1']));
    if (this.stopped) return;
    publishSamples(bus, { subject: subjects.samples(node), node, services, perMessage: PER_MESSAGE });
  }
}
