import type { ContainerConfig, ContainerEngine } from '@tutti/engine';
import { eventually } from '@tutti/testing';
import { randomBytes } from 'node:crypto';

/** What a driver's own way of telling a container what to do looks like. */
export type Program = Pick<ContainerConfig, 'command' | 'labels' | 'limits'>;

/** The programs that the suite runs; each driver writes them in its own words. */
export interface Programs {
  /** Runs until it is asked to stop, and then stops at once. */
  forever: Program;
  /** Takes no notice of being asked. */
  stubborn: Program;
  exits(code: number, afterMs: number): Program;
  /** Prints these lines, and ends. */
  prints(lines: { stdout?: string[]; stderr?: string[] }): Program;
  /** Takes memory until its limit ends it. */
  greedy: Program;
  /** Runs for ever; a health check of any kind passes or fails. */
  probed(passes: boolean): Program;
  /** A command that prints a text, its variables replaced, and ends. Absent: commands do nothing. */
  says?(text: string, code: number): string[];
  /** Cannot be started: there is no such command. */
  impossible: Program;
}

/** What one engine has and another cannot have; the suite holds each to what it says. */
export interface Capabilities {
  /** Images that are there or are not. Without: any name will do, and a container needs a command. */
  images: boolean;
  /** A connection to it that can break. Without: it works in this process, and its events have no gaps. */
  connection: boolean;
  /** Files in a container. Without: it refuses. */
  files: boolean;
}

/** One driver as the suite drives it. */
export interface Harness {
  engine: ContainerEngine;
  can: Capabilities;
  image: string;
  /** Not on the node, and no registry has it. */
  absentImage: string;
  programs: Programs;
  /** The health check that `programs.probed` speaks of. */
  probe(passes: boolean): string[];
  /** Cuts the event stream. */
  cut(): Promise<void> | void;
  mend(): Promise<void> | void;
  close(): Promise<void>;
}

/** Marks what a test made, so that it finds and removes only that. */
const LABEL = 'dev.tutti.test';

/** Runs containers for one test, and removes them after it. */
export class Workbench {
  readonly run = `t${randomBytes(5).toString('hex')}`;
  readonly labels = { [LABEL]: this.run };
  private count = 0;

  constructor(readonly harness: Harness) {}

  get engine(): ContainerEngine {
    return this.harness.engine;
  }

  name(kind = 'c'): string {
    return `tutti-${this.run}-${kind}${this.count++}`;
  }

  config(program: Program, more: Partial<ContainerConfig> = {}): ContainerConfig {
    const labels = { ...this.labels, ...program.labels, ...more.labels };
    return { name: this.name(), image: this.harness.image, ...program, ...more, labels };
  }

  async create(program: Program, more: Partial<ContainerConfig> = {}): Promise<string> {
    return (await this.engine.create(this.config(program, more))).id;
  }

  async start(program: Program, more: Partial<ContainerConfig> = {}): Promise<string> {
    const id = await this.create(program, more);
    await this.engine.start(id);
    return id;
  }

  /** Waits for the end of a container's run. */
  async ended(id: string) {
    return eventually(async () => {
      const state = await this.engine.inspect(id);
      return state?.state === 'exited' && state;
    });
  }

  network(): string {
    return this.name('n');
  }

  async clear(): Promise<void> {
    const { engine, labels } = this;
    const containers = await engine.list({ labels });
    await Promise.all(containers.map(({ id }) => engine.remove(id, { force: true, volumes: true })));
    const networks = await engine.listNetworks({ labels });
    await Promise.all(networks.map(({ name }) => engine.removeNetwork(name)));
    const volumes = await engine.listVolumes({ labels });
    await Promise.all(volumes.map(({ name }) => engine.removeVolume(name)));
  }
}

/** What a rejected call said. */
export async function failureOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error as { name: string; code: string; message: string; retryable: boolean } | undefined;
}
