import { subjects, type Connection } from '@tutti/bus';
import type { ContainerEngine } from '@tutti/engine';
import type { TaskRef, TaskSample } from '@tutti/model';
import { Permits } from '../tasks/permits.js';
import { Cgroups } from './cgroups.js';

/** Questions to the engine at once, where cgroups cannot be read. */
const PARALLEL = 2;
/** Tasks in one message, so that it stays far below the bus's limit. */
const PER_MESSAGE = 1000;

export interface SamplerOptions {
  bus: Connection;
  engine: ContainerEngine;
  node: string;
  everyMs: number;
  /** Containers that run now. */
  running: () => { ref: TaskRef; container: string }[];
  /** False while there is more important work: a sample is left out then. */
  isQuiet: () => boolean;
}

/** Samples what the node's containers use, and publishes it. */
export class Sampler {
  private readonly cgroups = new Cgroups();
  private readonly permits = new Permits(PARALLEL);
  private timer: NodeJS.Timeout | undefined;
  private busy = false;
  private stopped = false;

  constructor(private readonly options: SamplerOptions) {}

  start(): void {
    this.timer = setInterval(() => void this.round(), this.options.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.stopped = true;
  }

  /** One round; never two at once, and none while the bus is away: samples are of now or of no use. */
  private async round(): Promise<void> {
    const { bus, node, running, isQuiet } = this.options;
    if (this.busy || !isQuiet() || bus.nc.isClosed()) return;
    this.busy = true;
    try {
      const samples = await Promise.all(running().map(({ ref, container }) => this.sample(ref, container)));
      const tasks = samples.filter((sample) => sample !== undefined);
      if (this.stopped || bus.nc.isClosed()) return;
      for (let start = 0; start < tasks.length; start += PER_MESSAGE) {
        const message = { node, at: new Date().toISOString(), tasks: tasks.slice(start, start + PER_MESSAGE) };
        bus.nc.publish(subjects.samples(node), JSON.stringify(message));
      }
    } finally {
      this.busy = false;
    }
  }

  private async sample(ref: TaskRef, container: string): Promise<TaskSample | undefined> {
    const stats = (await this.cgroups.read(container, new Date().toISOString())) ?? (await this.ask(container));
    return stats && { ...ref, ...stats };
  }

  private ask(container: string): ReturnType<ContainerEngine['stats']> {
    return this.permits.run(() => this.options.engine.stats(container).catch(() => undefined));
  }
}
