import type { Command } from 'commander';
import { parseTarget } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<app>', 'the application, or APP/SERVICE');
  return examples(waitingOptions(command), 'tutti restart shop', 'tutti restart shop/web').action(act);
}

async function act(named: string, options: WaitingOptions): Promise<void> {
  const { app, service } = usage(() => parseTarget(named));
  const namespace = namespaceOf(options);
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}/restart`;
  const command = { method: 'POST', path, body: JSON.stringify({ service }) };
  await change({ ref: { namespace, app }, command, verb: 'restarted' }, options);
}
