import type { Command } from 'commander';
import { defineNodeVerb } from './node-change.js';

export function define(command: Command): Command {
  const more = 'Takes back cordon, drain, lose and rm. Tasks do not move back: `tutti rebalance` does that.';
  return defineNodeVerb(command, { verb: 'uncordon', done: 'uncordoned', more });
}
