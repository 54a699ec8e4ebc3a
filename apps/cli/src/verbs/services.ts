import type { Command } from 'commander';
import type { ServiceElement } from '@tutti/model';
import { serviceColumns } from '../core/columns.js';
import { parseTarget } from '../core/targets.js';
import { listNamespace, listOptions, printList, type ListOptions } from './list.js';
import { examples } from './options.js';
import { usage } from './usage-error.js';

const KEYS = ['app', 'namespace', 'service', 'mode', 'image'];

export function define(command: Command): Command {
  command.argument('[app]', 'only this application');
  return examples(listOptions(command, KEYS), 'tutti services shop', 'tutti services --format json').action(act);
}

async function act(named: string | undefined, options: ListOptions): Promise<void> {
  const app = named === undefined ? undefined : usage(() => parseTarget(named)).app;
  await printList<ServiceElement>(
    {
      path: '/v1/services',
      query: { namespace: listNamespace(options, app), app },
      columns: serviceColumns(),
      id: (element) => `${element.app}/${element.service}`,
      keys: KEYS,
      empty: 'No services. `tutti deploy -f compose.yaml` starts some.',
    },
    options,
  );
}
