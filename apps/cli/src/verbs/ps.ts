import type { Command } from 'commander';
import type { TaskElement } from '@tutti/model';
import { taskColumns } from '../core/columns.js';
import { parseTarget } from '../core/targets.js';
import { listNamespace, listOptions, printList, type ListOptions } from './list.js';
import { examples } from './options.js';
import { usage } from './usage-error.js';

const KEYS = ['task', 'app', 'service', 'slot', 'node', 'state', 'desired', 'health', 'image', 'revision', 'container'];

export function define(command: Command): Command {
  command.argument('[app]', 'only this application, or APP/SERVICE').option('-a, --all', 'also tasks that have ended');
  return examples(
    listOptions(command, KEYS),
    'tutti ps',
    'tutti ps shop/web --format json',
    'tutti ps -q --filter state=running --filter node=node-1',
  ).action(act);
}

async function act(named: string | undefined, options: ListOptions & { all?: boolean }): Promise<void> {
  const target = named === undefined ? undefined : usage(() => parseTarget(named));
  await printList<TaskElement>(
    {
      path: '/v1/tasks',
      query: {
        namespace: listNamespace(options, target?.app),
        app: target?.app,
        service: target?.service,
        all: options.all,
      },
      columns: taskColumns(new Date()),
      id: ({ task }) => task,
      keys: KEYS,
      empty: 'No tasks. `tutti deploy` starts some; `tutti ps --all` shows those that have ended.',
    },
    options,
  );
}
