import type { Command } from 'commander';
import { defineNodeVerb } from './node-change.js';

export function define(command: Command): Command {
  const more = 'What runs there goes on. Of a node that is being drained this stops the draining.';
  return defineNodeVerb(command, { verb: 'cordon', done: 'cordoned', more });
}
