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
}

/** The records that a name means: their own id or its beginning, `app`, `app/service` or `app/revision`; none means all. */
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
  const { app, service, node, revision } = record;
  const id = idOf(record);
  const parts = [service, revision === undefined ? undefined : String(revision)].filter((part) => part !== undefined);
  return [id, app, ...parts.map((part) => `${app}/${part}`), id === undefined && app === undefined ? node : undefined];
}
