import type { Command } from 'commander';
import { readProject, type Project } from '../client/project.js';
import { repeatable } from './options.js';

export interface ProjectOptions {
  file?: string[];
  envFile?: string[];
}

/** Where `deploy` and `plan` take the application from. */
export function projectOptions(command: Command): Command {
  return command
    .argument('[app]', "the application's name (default: the file's `name`, else its folder's)")
    .addOption(repeatable('-f, --file <path>', 'Compose file, may be repeated; - is standard input', 'compose.yaml'))
    .addOption(repeatable('--env-file <path>', 'variables for the file, may be repeated', '.env'));
}

/** Reads the project that the command line names. */
export function projectOf(app: string | undefined, { file = [], envFile = [] }: ProjectOptions): Project {
  return readProject({ files: file, envFiles: envFile, ...(app !== undefined && { app }) });
}
