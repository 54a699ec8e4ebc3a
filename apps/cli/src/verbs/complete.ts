import { Command } from 'commander';
import { Gateway } from '../client/http.js';
import type { AppElement, NodeElement, TaskElement } from '../core/elements.js';
import { print } from '../terminal/output.js';
import { VERBS } from './catalogue.js';

const PATIENCE_MS = 500;
const OF_APPS = ['deploy', 'plan', 'rollback', 'history', 'rm', 'ps', 'services', 'incidents'];
const OF_SERVICES = ['scale', 'restart', 'logs'];

/** `tutti __complete -- WORD…`: what could stand in the last word's place, one a line. Silent about every error. */
export function define(command: Command): Command {
  return command.argument('[words...]').allowUnknownOption().helpOption(false).action(act);
}

async function act(words: string[]): Promise<void> {
  const current = words.at(-1) ?? '';
  const verb = words.length > 1 ? words[0] : undefined;
  if (verb === undefined || verb === 'help') print(...VERBS.filter(({ hidden }) => !hidden).map(({ name }) => name));
  else if (current.startsWith('-')) print(...(await optionsOf(verb)));
  else print(...(await namesFor(verb).catch(() => [])));
}

async function optionsOf(name: string): Promise<string[]> {
  const module = await VERBS.find((verb) => verb.name === name)?.load();
  const options = module?.define(new Command(name)).options ?? [];
  return ['--help', ...options.flatMap(({ long }) => long ?? [])];
}

async function namesFor(verb: string): Promise<string[]> {
  const gateway = Gateway.from({});
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const get = <T>(path: string): Promise<T[]> => gateway.send<T[]>('GET', path, { signal });
  if (OF_APPS.includes(verb)) return (await get<AppElement>('/v1/apps')).map(({ app }) => app);
  if (OF_SERVICES.includes(verb)) return (await get<AppElement>('/v1/apps')).flatMap(withServices);
  if (verb !== 'why') return [];
  const tasks = (await get<TaskElement>('/v1/tasks')).flatMap(({ task }) => task ?? []);
  return [...tasks, ...(await get<NodeElement>('/v1/nodes')).map(({ node }) => node)];
}

function withServices({ app, services }: AppElement): string[] {
  return [app, ...Object.keys(services).map((service) => `${app}/${service}`)];
}
