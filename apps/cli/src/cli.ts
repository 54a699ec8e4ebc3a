import { Command, CommanderError } from 'commander';
import { messageOf, TuttiError } from '@tutti/model';
import { UsageError } from './verbs/usage-error.js';
import { VERBS } from './verbs/catalogue.js';
import type { Verb, VerbModule } from './verbs/verb.js';
import { version } from './version.js';

/** Exit code of a usage error: EX_USAGE of sysexits.h. */
const USAGE = 64;

/** Runs one command line and sets the process's exit code. Reads only the file of the verb that is called. */
export async function run(argv: readonly string[]): Promise<void> {
  // Whoever reads us may stop early: `tutti ps | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const words = argv[0] === 'help' && argv[1] ? [argv[1], '--help', ...argv.slice(2)] : [...argv];
  const verb = VERBS.find(({ name }) => name === words.find((word) => !word.startsWith('-')));
  let module: VerbModule | undefined;
  try {
    module = await verb?.load();
    await programOf(verb, module).parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, module?.errorExit ?? 1);
  }
}

/** The command with all verbs by name, and with the options of the one that is called. */
function programOf(called: Verb | undefined, module: VerbModule | undefined): Command {
  const program = new Command('tutti')
    .description('An event-driven container orchestrator over NATS, for plain Docker Engines.')
    .version(version(), '-V, --version')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', '\n`tutti help VERB` shows its options and examples.');
  for (const verb of VERBS) {
    const command = program
      .command(verb.name, { hidden: verb.hidden ?? false })
      .summary(verb.summary)
      .helpGroup(verb.group);
    command.description(sentence(verb.summary));
    if (verb === called) module?.define(command, VERBS);
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** Says on standard error what went wrong; returns the exit code. */
function report(error: unknown, otherwise: number): number {
  if (error instanceof CommanderError) return reportUsage(error);
  if (error instanceof UsageError) return say(`${error.message}.`, USAGE);
  if (process.env.TUTTI_DEBUG && error instanceof Error) return say(String(error.stack), otherwise);
  const faults = error instanceof TuttiError ? error.faults : [];
  say(messageOf(error), otherwise);
  for (const { path, message } of faults) say(`  ${path ? `${path}: ` : ''}${message}`, otherwise);
  return otherwise;
}

function reportUsage(error: CommanderError): number {
  // Help and version are printed already; help that nobody asked for (no verb at all) is a usage error.
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return USAGE;
  return say(`${error.message.replace(/^error: /, '').replaceAll('\n', ' ')}; see \`tutti --help\``, USAGE);
}

function say(text: string, exit: number): number {
  process.stderr.write(`tutti: ${text}\n`);
  return exit;
}
