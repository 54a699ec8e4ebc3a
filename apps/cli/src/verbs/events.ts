import { Option, type Command } from 'commander';
import type { CloudEvent } from '@tutti/model';
import { follow } from '../client/follow.js';
import { Gateway } from '../client/http.js';
import { moment } from '../core/ages.js';
import { eventLine } from '../core/event-line.js';
import { untilInterrupted } from '../terminal/interrupts.js';
import { outPaint, print, say } from '../terminal/output.js';
import { clientOptions, examples, namespaceOption, parsed, wholeNumber, type NamespaceOptions } from './options.js';

interface Options extends NamespaceOptions {
  follow?: boolean;
  since?: string;
  type?: string;
  app?: string;
  limit?: number;
  format: 'table' | 'json';
}

/** Where nothing else is asked for. */
const MOST = 1000;

export function define(command: Command): Command {
  command
    .option('-f, --follow', 'stay and print what comes')
    .option(
      '--since <moment>',
      'only since: 1h (ago) or a time in ISO 8601',
      parsed((text) => moment(text, new Date())),
    )
    .option('--type <type>', 'only this type, such as task.failed')
    .option('--app <app>', 'only this application')
    .option('--limit <count>', `at most so many, the oldest first (default: ${MOST})`, wholeNumber(1, 10_000))
    .addOption(
      new Option('--format <format>', 'json: CloudEvents, one a line').choices(['table', 'json']).default('table'),
    );
  return examples(
    clientOptions(namespaceOption(command, '(default: all)')),
    'tutti events --since 1h',
    'tutti events -f --type task.failed',
    'tutti events --app shop --format json',
  ).action(act);
}

async function act(options: Options): Promise<void> {
  const { namespace, app, type, since, limit } = options;
  const gateway = Gateway.from(options);
  const paint = outPaint();
  const show = (event: CloudEvent): void =>
    print(options.format === 'json' ? JSON.stringify(event) : eventLine(event, paint));
  const query = { namespace, app, type, since, limit };
  if (!options.follow) {
    const most = limit ?? MOST;
    const events = await gateway.get<CloudEvent[]>('/v1/events', { ...query, limit: most });
    events.forEach(show);
    if (events.length === most) say(`the first ${most} only: for others use --since with a later time, or --limit`);
    return;
  }
  const signal = untilInterrupted();
  for await (const item of follow(gateway, '/v1/events', { query: { ...query, since: since ?? 'now' }, signal })) {
    if (item.type === 'event') show(JSON.parse(item.data) as CloudEvent);
  }
}
