import type { Command } from 'commander';

/** What a verb's file exports. */
export interface VerbModule {
  /** Gives the command its arguments, options, examples and action. @param verbs all there are */
  define(command: Command, verbs: readonly Verb[]): Command;
  /** Exit code for errors, where it is not 1. */
  errorExit?: number;
}

/** A verb before its file is read: enough for the list of verbs. */
export interface Verb {
  name: string;
  summary: string;
  group: string;
  load: () => Promise<VerbModule>;
  hidden?: true;
}
