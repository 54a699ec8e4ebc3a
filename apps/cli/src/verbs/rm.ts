import type { Command } from 'commander';
import { parseTarget } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<app...>', 'the applications');
  command.addHelpText('after', '\nContainers and networks go; volumes stay.');
  return examples(waitingOptions(command), 'tutti rm shop').action(act);
}

async function act(named: string[], options: WaitingOptions): Promise<void> {
  const namespace = namespaceOf(options);
  const apps = named.map((text) => usage(() => parseTarget(text)).app);
  for (const app of apps) {
    const command = { method: 'DELETE', path: `/v1/apps/${encodeURIComponent(namespace)}/${app}` };
    await change({ ref: { namespace, app }, command, verb: 'removed' }, options);
    if (process.exitCode) return;
  }
}
