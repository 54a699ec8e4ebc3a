import type { Command } from 'commander';
import { parseTarget } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, wholeNumber, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command
    .argument('<app>', 'the application')
    .option('--to <revision>', 'which revision (default: the one before)', wholeNumber(1, Number.MAX_SAFE_INTEGER));
  return examples(
    waitingOptions(command),
    'tutti history shop',
    'tutti rollback shop',
    'tutti rollback shop --to 3',
  ).action(act);
}

async function act(named: string, options: WaitingOptions & { to?: number }): Promise<void> {
  const { app } = usage(() => parseTarget(named));
  const namespace = namespaceOf(options);
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}/rollback`;
  const command = { method: 'POST', path, body: JSON.stringify({ to: options.to }) };
  await change({ ref: { namespace, app }, command, verb: 'rolled back' }, options);
}
