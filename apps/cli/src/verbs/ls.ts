import type { Command } from 'commander';
import type { AppElement } from '@tutti/model';
import { appColumns } from '../core/columns.js';
import { listNamespace, listOptions, printList, type ListOptions } from './list.js';
import { examples } from './options.js';

const KEYS = ['app', 'namespace', 'revision', 'state', 'phase'];

export function define(command: Command): Command {
  return examples(listOptions(command, KEYS), 'tutti ls', 'tutti ls -q --filter phase=failed').action(act);
}

async function act(options: ListOptions): Promise<void> {
  const namespace = listNamespace(options);
  await printList<AppElement>(
    {
      path: namespace === undefined ? '/v1/apps' : `/v1/apps/${encodeURIComponent(namespace)}`,
      columns: appColumns(new Date()),
      id: ({ app }) => app,
      keys: KEYS,
      empty: 'No applications. `tutti deploy -f compose.yaml` starts one.',
    },
    options,
  );
}
