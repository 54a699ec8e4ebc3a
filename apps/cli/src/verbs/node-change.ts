import type { Command } from 'commander';
import type { NodeVerb } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { commandNode, findNode } from '../client/nodes.js';
import { print, say } from '../terminal/output.js';
import { examples, nodeOptions, type NodeOptions } from './options.js';

/** Asks something of nodes, one after the other, and says that it is so. */
export async function changeNodes(
  names: readonly string[],
  { verb, done }: { verb: NodeVerb; done: string },
  options: NodeOptions,
): Promise<void> {
  const gateway = Gateway.from(options);
  for (const name of names) {
    const { node } = await findNode(gateway, name);
    const { changed } = await commandNode(gateway, node, { verb, reason: options.reason });
    if (!changed) say(`${node} is asked for just this already.`);
    print(`${node} ${done}`);
  }
}

/** A verb that only asks something of nodes. */
export function defineNodeVerb(
  command: Command,
  { verb, done, more }: { verb: NodeVerb; done: string; more: string },
): Command {
  command.argument('<node...>', 'the nodes, or the first characters of their names');
  command.addHelpText('after', `\n${more}`);
  return examples(nodeOptions(command), `tutti ${verb} node-2 --reason "new disk"`).action(
    (names: string[], options: NodeOptions) => changeNodes(names, { verb, done }, options),
  );
}
