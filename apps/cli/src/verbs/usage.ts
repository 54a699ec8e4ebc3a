import { Option, type Command } from 'commander';
import { USAGE_BY, type UsageBy, type UsageElement } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { moment } from '../core/ages.js';
import { table } from '../core/table.js';
import { usageColumns, usageCsv, usageFocus } from '../core/usage-formats.js';
import { outPaint, print } from '../terminal/output.js';
import { clientOptions, examples, namespaceOption, parsed, type NamespaceOptions } from './options.js';

interface Options extends NamespaceOptions {
  by: UsageBy;
  from?: string;
  to?: string;
  format: 'table' | 'json' | 'csv' | 'focus';
}

export function define(command: Command): Command {
  const time = parsed((text) => moment(text, new Date()));
  command
    .addOption(new Option('--by <what>', 'what to sum by').choices(USAGE_BY).default('app'))
    .option('--from <moment>', 'from when on: 24h (ago) or a time in ISO 8601 (default: from the beginning)', time)
    .option('--to <moment>', 'until when (default: now)', time)
    .addOption(
      new Option('--format <format>', 'how to print it; focus is FOCUS 1.2 as CSV')
        .choices(['table', 'json', 'csv', 'focus'])
        .default('table'),
    );
  return examples(
    clientOptions(namespaceOption(command, '(default: all)')),
    'tutti usage --by service --from 24h',
    'tutti usage --by namespace --from 2026-01-01 --to 2026-02-01 --format focus',
  ).action(act);
}

async function act({ by, from, to, format, ...options }: Options): Promise<void> {
  const query = { by, from, to, namespace: options.namespace };
  const usage = await Gateway.from(options).get<UsageElement[]>('/v1/usage', query);
  if (format === 'json') print(JSON.stringify(usage, null, 2));
  else if (format === 'csv') print(...usageCsv(usage));
  else if (format === 'focus') print(...usageFocus(usage));
  else print(...table(usageColumns, usage, outPaint()));
}
