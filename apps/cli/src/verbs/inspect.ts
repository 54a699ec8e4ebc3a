import type { Command } from 'commander';
import { Gateway } from '../client/http.js';
import { print } from '../terminal/output.js';
import { clientOptions, examples, namespaceOf, namespaceOption, type NamespaceOptions } from './options.js';
import { UsageError } from './usage-error.js';

export function define(command: Command): Command {
  command.argument('<kind/name>', 'app, revision, rollout, task, status, node, service, incident, … and which one');
  return examples(
    clientOptions(namespaceOption(command)),
    'tutti inspect app/shop',
    'tutti inspect task/0123ab',
    'tutti inspect node/node-1',
    'tutti inspect endpoints/shop/web',
  ).action(act);
}

async function act(named: string, options: NamespaceOptions): Promise<void> {
  const [kind = '', ...name] = named.split('/');
  if (kind === '' || name.length === 0 || name.includes('')) {
    throw new UsageError(`${JSON.stringify(named)} is not KIND/NAME, such as app/shop or task/0123ab`);
  }
  const path = ['/v1/records', kind, ...name].map((part, i) => (i === 0 ? part : encodeURIComponent(part))).join('/');
  const found = await Gateway.from(options).get<unknown>(path, { namespace: namespaceOf(options) });
  print(JSON.stringify(Array.isArray(found) && found.length === 1 ? found[0] : found, null, 2));
}
