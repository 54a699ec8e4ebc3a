import type { ServiceName } from '@tutti/model';
import type { EngineChoice } from '@tutti/provisioner';

/** The services of a control plane, as one thing to start and stop. */
export interface Fleet {
  /** Resolves when every service takes work. @throws TuttiError when one cannot be started */
  start(): Promise<void>;
  /** Stops the services in order: first who takes work in. */
  close(): Promise<void>;
  /** Name to pid, of services with a process of their own. */
  pids(): Record<string, number>;
}

/** Stopped from the mouth of the river down; started from its end up. */
export const STOP_ORDER: readonly ServiceName[] = [
  'gateway',
  'policy',
  'scheduler',
  'monitor',
  'service-discovery',
  'metering',
  'provisioner',
];

/** The service whose code an error came from, as its stack tells. */
export function serviceOf(error: unknown): ServiceName | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const found = /[/\\]apps[/\\]([a-z-]+)[/\\](?:dist|src)[/\\]/.exec(stack)?.[1];
  return STOP_ORDER.find((name) => name === found);
}

/** What a service is told at its start. */
export interface Hosting {
  /** Those that run here: a control plane may be no node itself. */
  services: readonly ServiceName[];
  /** Its own server first, then those of other members. */
  natsUrls: readonly string[];
  credentials(service: ServiceName): string;
  node: string;
  cluster: string;
  labels: Record<string, string>;
  engine: EngineChoice;
  /** Whether this node has a resolver. */
  resolver: boolean;
  /** Where other hosts reach this one; absent: the agent finds one out. */
  address?: string;
  /** Whether there is a proxy on this node. */
  proxy: boolean;
  gateway: { host: string; port: number; token: string; joinFile: string };
  log(line: string): void;
}
