import type { Command } from 'commander';
import { parseTarget } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<app>', 'the application, or APP/SERVICE').option('--all', 'to the last step: all of the traffic');
  return examples(waitingOptions(command), 'tutti promote shop', 'tutti promote shop/web --all').action(act);
}

async function act(named: string, options: WaitingOptions & { all?: boolean }): Promise<void> {
  const { app, service } = usage(() => parseTarget(named));
  const namespace = namespaceOf(options);
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}/promote`;
  const command = { method: 'POST', path, body: JSON.stringify({ service, all: options.all }) };
  await change({ ref: { namespace, app }, command, verb: 'promoted' }, options);
}
