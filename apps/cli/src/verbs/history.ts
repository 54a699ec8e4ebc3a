import type { Command } from 'commander';
import type { RevisionElement } from '@tutti/model';
import { revisionColumns } from '../core/columns.js';
import { parseTarget } from '../core/targets.js';
import { listOptions, printList, type ListOptions } from './list.js';
import { examples, namespaceOf } from './options.js';
import { usage } from './usage-error.js';

const KEYS = ['revision', 'command', 'current'];

export function define(command: Command): Command {
  command.argument('<app>', 'the application');
  return examples(listOptions(command, KEYS), 'tutti history shop', 'tutti rollback shop --to 3').action(act);
}

async function act(named: string, options: ListOptions): Promise<void> {
  const { app } = usage(() => parseTarget(named));
  await printList<RevisionElement>(
    {
      path: `/v1/apps/${encodeURIComponent(namespaceOf(options))}/${app}/revisions`,
      columns: revisionColumns(new Date()),
      id: ({ revision }) => revision,
      keys: KEYS,
      empty: `${app} has no revisions.`,
    },
    options,
  );
}
