import { Command } from 'commander';
import type { AppElement, NodeElement, TaskElement } from '@tutti/model';
import { Gateway } from '../client/http.js';
import { print } from '../terminal/output.js';
import { NODE_ACTIONS } from './node-actions.js';
import type { Verb } from './verb.js';

const PATIENCE_MS = 500;
const OF_APPS = ['deploy', 'plan', 'rollback', 'promote', 'abort', 'history', 'rm', 'ps', 'services', 'incidents'];
const OF_NODES = ['drain', 'cordon', 'uncordon'];
const OF_SERVICES = ['scale', 'restart', 'logs'];

/** `tutti __complete -- WORD…`: what could stand in the last word's place, one a line. Silent about every error. */
export function define(command: Command, verbs: readonly Verb[]): Command {
  command.argument('[words...]').allowUnknownOption().helpOption(false);
  return command.action((words: string[]) => act(words, verbs));
}

async function act(words: string[], verbs: readonly Verb[]): Promise<void> {
  const current = words.at(-1) ?? '';
  const verb = words.length > 1 ? words[0] : undefined;
  if (verb === undefined || verb === 'help') print(...verbs.filter(({ hidden }) => !hidden).map(({ name }) => name));
  else if (current.startsWith('-')) print(...(await optionsOf(verb, verbs)));
  else if (verb === 'node' && words.length === 2) print(...NODE_ACTIONS);
  else print(...(await namesFor(verb).catch(() => [])));
}

async function optionsOf(name: string, verbs: readonly Verb[]): Promise<string[]> {
  const module = await verbs.find((verb) => verb.name === name)?.load();
  const options = module?.define(new Command(name), verbs).options ?? [];
  return ['--help', ...options.flatMap(({ long }) => long ?? [])];
}

async function namesFor(verb: string): Promise<string[]> {
  const gateway = Gateway.from({});
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const get = <T>(path: string): Promise<T[]> => gateway.send<T[]>('GET', path, { signal });
  if (OF_APPS.includes(verb)) return (await get<AppElement>('/v1/apps')).map(({ app }) => app);
  if (OF_SERVICES.includes(verb)) return (await get<AppElement>('/v1/apps')).flatMap(withServices);
  const nodes = async (): Promise<string[]> => (await get<NodeElement>('/v1/nodes')).map(({ node }) => node);
  if (verb === 'node' || OF_NODES.includes(verb)) return nodes();
  if (verb !== 'why') return [];
  const tasks = (await get<TaskElement>('/v1/tasks')).flatMap(({ task }) => task ?? []);
  return [...tasks, ...(await nodes())];
}

function withServices({ app, services }: AppElement): string[] {
  return [app, ...Object.keys(services).map((service) => `${app}/${service}`)];
}
