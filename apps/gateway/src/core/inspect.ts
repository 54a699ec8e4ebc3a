import type { RecordKind } from '@tutti/model';

/** What records may be called by. */
interface Named {
  namespace?: string;
  app?: string;
  service?: string;
  task?: string;
  node?: string;
  incident?: string;
  command?: string;
  revision?: number;
  /** Of a config or secret. */
  name?: string;
}

/** A record as people see it: whoever may look at a secret's record may not so look at the secret. */
export function shown(kind: RecordKind, record: object): object {
  return kind === 'secret' ? { ...record, data: '(not shown)' } : record;
}

/** The records that a name means: their own id or its beginning, `app`, `app/service`, `app/revision` or `app/name`; none means all. */
export function chooseRecords(records: readonly object[], name: string, namespace?: string): object[] {
  const within = records.filter(
    (record: Named) => namespace === undefined || record.namespace === undefined || record.namespace === namespace,
  );
  if (name === '') return within;
  const exact = within.filter((record: Named) => namesOf(record).includes(name));
  return exact.length > 0 ? exact : within.filter((record: Named) => idOf(record)?.startsWith(name));
}

function idOf({ task, incident, command, revision }: Named): string | undefined {
  return incident ?? task ?? (revision === undefined ? command : undefined);
}

function namesOf(record: Named): (string | undefined)[] {
  const { app, service, node, revision, name } = record;
  const id = idOf(record);
  const parts = [service, name, revision === undefined ? undefined : String(revision)].filter(
    (part) => part !== undefined,
  );
  return [id, app, ...parts.map((part) => `${app}/${part}`), id === undefined && app === undefined ? node : undefined];
}
