import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_NAMESPACE, invalid, messageOf, parseDuration, resourceCount } from '@tutti/model';
import { ENGINE_WISHES } from '../up/engine-wish.js';
import type { EndpointOptions } from '../client/endpoint.js';

/** Options of every verb that speaks to the gateway. */
export function clientOptions(command: Command): Command {
  return command
    .addOption(new Option('--endpoint <url>', 'the gateway (or TUTTI_ENDPOINT)').helpGroup('Connection:'))
    .addOption(new Option('--token <token>', 'its bearer token (or TUTTI_TOKEN)').helpGroup('Connection:'));
}

export interface NamespaceOptions extends EndpointOptions {
  namespace?: string;
}

export function namespaceOption(command: Command, description = `(default: ${DEFAULT_NAMESPACE})`): Command {
  return command.option('-n, --namespace <name>', `the namespace ${description}`);
}

/** The namespace of an application that is named: the option's, `TUTTI_NAMESPACE`, `default`. */
export function namespaceOf(options: NamespaceOptions): string {
  return options.namespace ?? process.env.TUTTI_NAMESPACE ?? DEFAULT_NAMESPACE;
}

export interface WaitingOptions extends NamespaceOptions {
  detach?: boolean;
  timeout: number;
}

/** Options of the verbs that change something and wait until it is so. */
export function waitingOptions(command: Command): Command {
  return clientOptions(namespaceOption(command))
    .option('-d, --detach', 'return when it is accepted, do not wait for the rollout')
    .option('--timeout <duration>', 'how long to wait (default: 5m)', parsed(parseDuration), 300_000);
}

export interface NodeOptions extends EndpointOptions {
  reason?: string;
}

/** Options of the verbs that change what is wanted of a node. */
export function nodeOptions(command: Command): Command {
  return clientOptions(command).option('--reason <text>', 'why, for those who wonder later');
}

/** What an agent runs containers with. */
export function engineOption(): Option {
  return new Option('--engine <kind>', 'what runs containers; auto: plain processes where there is no Docker Engine')
    .choices(ENGINE_WISHES)
    .env('TUTTI_ENGINE');
}

const SHORTEST_LEASE_MS = 1000;

/** How soon a silent node counts as down, in milliseconds. */
export function leaseOption(): Option {
  return new Option(
    '--lease <duration>',
    'how long after its last sign of life this node counts as down (default: 3s)',
  ).argParser(
    parsed((text) => {
      const ms = parseDuration(text);
      if (ms >= SHORTEST_LEASE_MS) return ms;
      throw invalid(`a lease of ${text} is too short: at least 1s`);
    }),
  );
}

/** Makes a parser of ours fit for commander: what it refuses becomes a usage error. */
export function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

/**
 * An option that may be given several times; undefined where it is not given.
 * @param otherwise what help says stands in for it then
 */
export function repeatable(flags: string, description: string, otherwise?: string): Option {
  const option = new Option(flags, description).argParser((text, before: string[] = []) => [...before, text]);
  // Help would show an empty list.
  return otherwise === undefined ? option : option.default(undefined, otherwise);
}

/** A whole number from `from` to `to`. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return parsed((text) => {
    if (/^\d+$/.test(text) && Number(text) >= from && Number(text) <= to) return Number(text);
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number from ${from} to ${to}.`);
  });
}

/** Examples at the end of a verb's help. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText('after', ['', 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n'));
}

/** What `--label KEY=VALUE`, several times, says. @throws TuttiError `invalid` */
export function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw invalid(`--label ${JSON.stringify(text)} is not KEY=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)] as const;
    }),
  );
}

/** `--resource KIND=COUNT`, several times, for {@link tellResources}. */
export function resourceOption(): Option {
  return repeatable(
    '--resource <kind=count>',
    'what this node has a number of, such as gpu=2, may be repeated (default: TUTTI_RESOURCES)',
  );
}

/**
 * Has every agent that this process or a child of it runs offer these: the agent reads them from its environment.
 * @throws TuttiError `invalid`
 */
export function tellResources(texts: readonly string[] | undefined): void {
  if (!texts) return;
  for (const text of texts) {
    const at = text.indexOf('=');
    resourceCount(text.slice(0, Math.max(0, at)), text.slice(at + 1));
  }
  process.env.TUTTI_RESOURCES = texts.join(',');
}
