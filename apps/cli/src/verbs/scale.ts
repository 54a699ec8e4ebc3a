import type { Command } from 'commander';
import { parseScales } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<app/service=n...>', 'services of one application, and how many tasks each shall have');
  return examples(waitingOptions(command), 'tutti scale shop/web=5', 'tutti scale shop/web=5 shop/api=3').action(act);
}

async function act(texts: string[], options: WaitingOptions): Promise<void> {
  const { app, services } = usage(() => parseScales(texts));
  const namespace = namespaceOf(options);
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}/scale`;
  const command = { method: 'POST', path, body: JSON.stringify({ services }) };
  await change({ ref: { namespace, app }, command, verb: 'scaled' }, options);
}
