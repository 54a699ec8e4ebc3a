import { Inject, Injectable } from '@nestjs/common';
import {
  BUS,
  filters,
  list,
  watchLeases,
  type Connection,
  type Entry,
  type KeyFilter,
  type LeaseChange,
} from '@tutti/bus';
import type { NodeElement, RecordKind } from '@tutti/model';
import { firstValueFrom, scan, takeWhile, last } from 'rxjs';
import { grouped, type Grouped } from './core/grouped.js';
import { presentNodes } from './core/present/nodes.js';

const NODE_KINDS = ['node', 'availability', 'liveness', 'ledger'] as const;

/** Reads records when they are asked for: the gateway keeps none. */
@Injectable()
export class RecordReader {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** Every record under the filters, by kind, with one look at the bus. */
  async read(...wanted: KeyFilter[]): Promise<Grouped> {
    return grouped(await list<RecordKind>(this.bus, wanted));
  }

  /** Tasks and what is known of each, of one application, of a namespace, on a node, or of all. */
  readTasks(
    { namespace, app, node }: { namespace?: string | undefined; app?: string | undefined; node?: string | undefined },
    ...more: KeyFilter[]
  ): Promise<Grouped> {
    const kinds = ['task', 'status', 'health'] as const;
    const scoped = kinds.map((kind) => {
      if (node !== undefined) return filters.onNode(kind, node);
      return namespace === undefined ? filters.all(kind) : filters.tasksOf(kind, { namespace, ...(app && { app }) });
    });
    return this.read(
      ...scoped,
      namespace === undefined ? filters.all('rollout') : filters.inNamespace('rollout', namespace),
      ...more,
    );
  }

  /** The nodes that there are. */
  async nodes(): Promise<NodeElement[]> {
    const [entries, alive] = await Promise.all([
      list(
        this.bus,
        NODE_KINDS.map((kind) => filters.all(kind)),
      ),
      this.aliveNodes(),
    ]);
    const of = <K extends (typeof NODE_KINDS)[number]>(kind: K): Entry<K>[] =>
      entries.filter((entry) => entry.kind === kind) as Entry<K>[];
    return presentNodes({
      node: of('node'),
      availability: of('availability'),
      liveness: of('liveness'),
      ledger: of('ledger'),
      alive,
    });
  }

  /** Names of the nodes whose agents renew their leases. */
  async aliveNodes(): Promise<Set<string>> {
    const changes = watchLeases(this.bus, 'node').pipe(
      takeWhile((change) => change.type !== 'ready'),
      scan((alive, change) => noted(alive, change), new Set<string>()),
      last(undefined, new Set<string>()),
    );
    return firstValueFrom(changes);
  }
}

function noted(alive: Set<string>, change: LeaseChange): Set<string> {
  if (change.type === 'held') alive.add(change.name);
  else if (change.type === 'expired') alive.delete(change.name);
  return alive;
}
