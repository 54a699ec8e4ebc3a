import { Argument, type Command } from 'commander';
import { SCRIPTS, type Shell } from '../core/completion-scripts.js';
import { print } from '../terminal/output.js';
import { examples } from './options.js';

export function define(command: Command): Command {
  command.addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)));
  return examples(
    command,
    'source <(tutti completion bash)',
    'tutti completion zsh > "${fpath[1]}/_tutti"',
    'tutti completion fish > ~/.config/fish/completions/tutti.fish',
  ).action((shell: Shell) => print(SCRIPTS[shell]));
}
