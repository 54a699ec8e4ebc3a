import type { Command } from 'commander';
import type { NodeElement } from '@tutti/model';
import { nodeColumns } from '../core/columns.js';
import { listOptions, printList, type ListOptions } from './list.js';
import { examples } from './options.js';

const KEYS = ['node', 'state', 'label'];

export function define(command: Command): Command {
  return examples(
    listOptions(command, KEYS),
    'tutti nodes',
    'tutti nodes --filter state=ready --filter label=zone=a --format json',
  ).action(act);
}

async function act(options: ListOptions): Promise<void> {
  await printList<NodeElement>(
    {
      path: '/v1/nodes',
      columns: nodeColumns(new Date()),
      id: ({ node }) => node,
      keys: KEYS,
      empty: 'No nodes. `tutti up` makes this machine one.',
    },
    options,
  );
}
