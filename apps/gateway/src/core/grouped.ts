import type { RecordKind, Records } from '@tutti/model';

/** Records by their kind. */
export type Grouped = { [K in RecordKind]: Records[K][] };

export function grouped(entries: readonly { kind: RecordKind; record: Records[RecordKind] }[]): Grouped {
  const groups: Record<RecordKind, unknown[]> = {
    ...{
      app: [],
      revision: [],
      config: [],
      secret: [],
      outcome: [],
      availability: [],
      rebalance: [],
      liveness: [],
      moves: [],
      task: [],
      ledger: [],
      rollout: [],
      node: [],
      status: [],
      health: [],
    },
    ...{ incident: [], analysis: [], endpoints: [], route: [], addressing: [], range: [], virtual: [] },
    ...{ bridges: [], tunnel: [], proxy: [] },
    usage: [],
  };
  for (const { kind, record } of entries) groups[kind].push(record);
  return groups as Grouped;
}
