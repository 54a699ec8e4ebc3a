import type { Command } from 'commander';
import type { WhyAnswer } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { incidentColumns } from '../core/columns.js';
import { table } from '../core/table.js';
import { outPaint, print } from '../terminal/output.js';
import { clientOptions, examples, namespaceOf, namespaceOption, type NamespaceOptions } from './options.js';

export function define(command: Command): Command {
  command.argument('<target>', 'a task (its first characters), a node, or APP/SERVICE');
  return examples(
    clientOptions(namespaceOption(command)),
    'tutti why 0123ab',
    'tutti why shop/web',
    'tutti why node-1',
  ).action(act);
}

async function act(target: string, options: NamespaceOptions): Promise<void> {
  const path = `/v1/why/${encodeURIComponent(target)}`;
  const why = await Gateway.from(options).get<WhyAnswer>(path, { namespace: namespaceOf(options) });
  const paint = outPaint();
  print(paint(why.summary, 'bold'), ...why.lines.map((line) => `  ${line}`));
  if (why.incidents.length > 0) print('', ...table(incidentColumns(new Date()), why.incidents, paint));
}
