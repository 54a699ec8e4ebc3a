import type { startCluster } from '../../harness/cluster.js';
import type { observe } from '../../harness/docker.js';

/** What the chapters play on; filled before the first test. */
export interface Stage {
  cluster: Awaited<ReturnType<typeof startCluster>>;
  observer: Awaited<ReturnType<typeof observe>>;
}

/** One running task as `tutti ps --format json` tells it. */
export interface PsElement {
  task: string;
  app: string;
  service: string;
  slot: number;
  state: string;
  health: string;
  revision: number;
  container: string;
  restarts: number;
}

/** An application's tasks that are wanted, by `tutti ps`. */
export async function ps({ cluster }: Stage, app: string): Promise<PsElement[]> {
  return (await cluster.list('ps', app)) as PsElement[];
}

/** Ids of an application's containers, sorted. */
export async function containerIds({ cluster }: Stage, app: string): Promise<string[]> {
  return (await cluster.containers({ app })).map(({ Id }: { Id: string }) => Id).sort();
}
