import { Inject, Injectable } from '@nestjs/common';
import { BUS, commit, filters, get, getForUpdate, keys, list, put, type Connection, type Write } from '@tutti/bus';
import { availabilityOf } from '@tutti/model';
import type { KnownNode, NodeCommand, NodeDecision } from '../core/nodes/node-command.js';
import { OUTCOME_TTL_MS } from './archive.js';

/** What is known of a node, and the revision of its availability that a change has to build on. */
export interface NodeLook {
  known: KnownNode;
  revision: number;
}

/** What policy knows of nodes, on the bus: read for a decision, and written as one. */
@Injectable()
export class NodeArchive {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** Reads all that a decision about a node rests on. */
  async look({ namespace, command, node: name }: NodeCommand): Promise<NodeLook> {
    const ref = { node: name };
    const [node, wanted, liveness, ledger, outcome] = await Promise.all([
      get(this.bus, keys.node(ref)),
      getForUpdate(this.bus, keys.availability(ref)),
      get(this.bus, keys.liveness(ref)),
      get(this.bus, keys.ledger(ref)),
      get(this.bus, keys.outcome({ namespace, command })),
    ]);
    const record = wanted.record && { record: wanted.record, revision: wanted.revision };
    const availability = availabilityOf(record, node?.revision ?? 0);
    const isThere = node !== undefined && availability !== 'removed';
    const known: KnownNode = {
      ...(isThere && {
        node: {
          availability,
          ...(liveness && { liveness: liveness.record.state }),
          tasks: ledger?.record.tasks ?? 0,
        },
      }),
      ...(wanted.record && { wanted: wanted.record }),
      names: isThere ? [] : await this.names(),
      ...(outcome && { outcome: outcome.record }),
    };
    return { known, revision: wanted.revision };
  }

  /**
   * Writes all of a decision or nothing of it.
   * @param revision as {@link look} saw it
   * @returns false where the node or the outcome has moved on since
   */
  async keep({ outcome, availability }: NodeDecision, revision: number): Promise<boolean> {
    const cause = outcome.command;
    const writes: Write[] = [
      ...(availability
        ? [put('availability', availability, { event: EVENT[availability.availability], expect: revision, cause })]
        : []),
      put('outcome', outcome, { event: outcome.status, expect: 0, cause, ttlMs: OUTCOME_TTL_MS }),
    ];
    return (await commit(this.bus, writes)).ok;
  }

  private async names(): Promise<string[]> {
    const [nodes, wanted] = await Promise.all([
      list(this.bus, [filters.all('node')]),
      list(this.bus, [filters.all('availability')]),
    ]);
    const asked = new Map(wanted.map((entry) => [entry.record.node, entry]));
    return nodes
      .filter(({ record, revision }) => availabilityOf(asked.get(record.node), revision) !== 'removed')
      .map(({ record }) => record.node)
      .sort();
  }
}

const EVENT = {
  active: 'activated',
  cordoned: 'cordoned',
  drained: 'drained',
  lost: 'lost',
  removed: 'removed',
} as const;
