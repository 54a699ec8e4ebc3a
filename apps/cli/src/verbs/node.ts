import { Argument, type Command } from 'commander';
import type { NodeVerb } from '@tutti/model';
import { NODE_ACTIONS, type NodeAction } from './node-actions.js';
import { changeNodes } from './node-change.js';
import { examples, nodeOptions, type NodeOptions } from './options.js';

const DOES: Record<NodeAction, { verb: NodeVerb; done: string }> = {
  rm: { verb: 'remove', done: 'removed' },
  lose: { verb: 'lose', done: 'given up as lost' },
};

export function define(command: Command): Command {
  command
    .addArgument(
      new Argument('<action>', 'rm: remove it for good; lose: say that it will not return').choices(NODE_ACTIONS),
    )
    .argument('<node...>', 'the nodes, or the first characters of their names');
  command.addHelpText(
    'after',
    [
      '',
      'rm takes a node that is down, or one that is up and has been drained. If its agent is started again it is',
      'shown as cordoned until you uncordon it.',
      'lose has the tasks of a silent node placed elsewhere although a brake holds, those with a local volume without',
      'their data. It is taken back with uncordon.',
    ].join('\n'),
  );
  return examples(nodeOptions(command), 'tutti node rm node-2', 'tutti node lose node-2 --reason "burnt"').action(
    (action: NodeAction, names: string[], options: NodeOptions) => changeNodes(names, DOES[action], options),
  );
}
