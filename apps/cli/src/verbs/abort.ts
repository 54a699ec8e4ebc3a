import type { Command } from 'commander';
import { parseTarget } from '../core/targets.js';
import { change } from './changing.js';
import { examples, namespaceOf, waitingOptions, type WaitingOptions } from './options.js';
import { usage } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<app>', 'the application');
  return examples(waitingOptions(command), 'tutti abort shop').action(act);
}

async function act(named: string, options: WaitingOptions): Promise<void> {
  const { app } = usage(() => parseTarget(named));
  const namespace = namespaceOf(options);
  const path = `/v1/apps/${encodeURIComponent(namespace)}/${app}/abort`;
  await change(
    { ref: { namespace, app }, command: { method: 'POST', path }, verb: 'aborted', wanted: 'rolled-back' },
    options,
  );
}
