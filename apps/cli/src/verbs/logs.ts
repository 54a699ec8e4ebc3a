import type { Command } from 'commander';
import type { LogElement } from '@tutti/model';
import { follow } from '../client/follow.js';
import { Gateway } from '../client/http.js';
import { moment } from '../core/ages.js';
import { logFormatter } from '../core/log-line.js';
import { parseTarget } from '../core/targets.js';
import { untilInterrupted } from '../terminal/interrupts.js';
import { outPaint, print, wantsColours } from '../terminal/output.js';
import {
  clientOptions,
  examples,
  namespaceOf,
  namespaceOption,
  parsed,
  wholeNumber,
  type NamespaceOptions,
} from './options.js';
import { usage } from './usage-error.js';

interface Options extends NamespaceOptions {
  follow?: boolean;
  tail?: number;
  since?: string;
  task?: string;
}

export function define(command: Command): Command {
  command
    .argument('<app>', 'the application, or APP/SERVICE')
    .option('-f, --follow', 'stay and print what comes')
    .option('--tail <lines>', 'only the last lines', wholeNumber(0, 1_000_000))
    .option(
      '--since <moment>',
      'only since: 5m (ago) or a time in ISO 8601',
      parsed((text) => moment(text, new Date())),
    )
    .option('--task <id>', 'only this task (its first characters)');
  return examples(
    clientOptions(namespaceOption(command)),
    'tutti logs shop',
    'tutti logs shop/web -f --tail 20',
    'tutti logs shop --since 5m',
  ).action(act);
}

async function act(named: string, options: Options): Promise<void> {
  const { app, service } = usage(() => parseTarget(named));
  const gateway = Gateway.from(options);
  const path = `/v1/logs/${encodeURIComponent(namespaceOf(options))}/${app}`;
  const { task, tail, since } = options;
  const query = { service, task, tail, since };
  const format = logFormatter(wantsColours(process.stdout), outPaint());
  if (!options.follow) {
    for (const line of await gateway.get<LogElement[]>(path, query)) print(format(line));
    return;
  }
  const signal = untilInterrupted();
  for await (const item of follow(gateway, path, { query: { ...query, follow: true }, signal })) {
    if (item.type === 'event') print(format(JSON.parse(item.data) as LogElement));
  }
}
