import type { Command } from 'commander';
import type { IncidentElement } from '@tutti/model';
import { incidentColumns } from '../core/columns.js';
import { parseTarget } from '../core/targets.js';
import { listNamespace, listOptions, printList, type ListOptions } from './list.js';
import { examples } from './options.js';
import { usage } from './usage-error.js';

const KEYS = ['incident', 'kind', 'app', 'service', 'task', 'node', 'oom'];

export function define(command: Command): Command {
  command.argument('[app]', 'only this application').option('--open', 'only those that are not resolved');
  return examples(
    listOptions(command, KEYS),
    'tutti incidents shop',
    'tutti incidents --open --format json',
    'tutti incidents --filter kind=task-oom',
  ).action(act);
}

async function act(named: string | undefined, options: ListOptions & { open?: boolean }): Promise<void> {
  const app = named === undefined ? undefined : usage(() => parseTarget(named)).app;
  await printList<IncidentElement>(
    {
      path: '/v1/incidents',
      query: { namespace: listNamespace(options, app), app, open: options.open },
      columns: incidentColumns(new Date()),
      id: ({ incident }) => incident,
      keys: KEYS,
      empty: 'No incidents.',
    },
    options,
  );
}
