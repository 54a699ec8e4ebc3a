import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { invalid, messageOf, requireName, TuttiError } from '@tutti/model';
import type { Context } from '../client/context-file.js';
import { untilStopped } from '../terminal/interrupts.js';
import { print, say } from '../terminal/output.js';
import { dataDir, makeDataDir, settingsOf, type DataDir, type Settings as DataSettings } from '../up/data-dir.js';
import { detach, tellParent } from '../up/detach.js';
import type { EngineWish } from '../up/engine-wish.js';
import { runningUp } from '../up/lock.js';
import { SIZES } from '../up/members/members.js';
import { keepHeapSmall } from '../up/memory.js';
import {
  engineOption,
  examples,
  labelsOf,
  parsed,
  repeatable,
  resourceOption,
  tellResources,
  wholeNumber,
} from './options.js';

/** Long enough for the reason to be written. */
const LAST_WORDS_MS = 200;

interface Options {
  data?: string;
  port: number;
  listen: string;
  natsPort?: number;
  advertise?: string;
  members?: number;
  join?: string;
  token?: string;
  node: string | boolean;
  label?: string[];
  resource?: string[];
  engine?: EngineWish;
  dockerHost?: string;
  separate?: boolean;
  detach?: boolean;
  deploy?: string;
  app?: string;
}

export function define(command: Command): Command {
  const port = wholeNumber(0, 65_535);
  command
    .option('--data <dir>', 'where everything is kept (default: TUTTI_DATA, else ~/.tutti)')
    .option('--port <port>', 'of the HTTP gateway; 0 is any free one', port, 8080)
    .option('--listen <host>', 'address that gateway and bus listen on; 0.0.0.0 lets other hosts join', '127.0.0.1')
    .option('--advertise <host>', 'where other hosts reach this one (default: what --listen tells)')
    .option('--members <n>', 'begin a control plane of so many members, 1 or 3', parsed(sizeOf))
    .option('--join <address>', 'become a member of the control plane that is begun there')
    .option('--token <token>', 'with --join: what its first member has printed')
    .option('--nats-port <port>', 'of the bus (default: that of last time, else 4222, else any free one)', port)
    .option('--node <name>', "this node's name (default: that of last time, else the host's)", parsed(nodeName))
    .option('--no-node', 'run the control plane only: this machine runs no applications')
    .addOption(repeatable('--label <key=value>', 'a label of this node, may be repeated'))
    .addOption(resourceOption())
    .addOption(engineOption())
    .option('--docker-host <url>', 'the Docker Engine (default: DOCKER_HOST, else the default socket)')
    .option('--separate', 'run each service as a process of its own')
    .option('-d, --detach', 'run in the background, return when ready')
    .option(
      '--deploy <file>',
      'deploy this Compose file when ready; on plain processes its .process.yaml, if it has one',
    )
    .option('--app <name>', 'under this name');
  return examples(
    command,
    'tutti up',
    'tutti up --detach --port 9090 --data /var/lib/tutti',
    'tutti up --listen 0.0.0.0     # other hosts may join',
    'tutti up --deploy compose.yaml --app shop',
    'tutti up --listen 0.0.0.0 --members 3     # prints what to run on two more',
  ).action(act);
}

async function act(options: Options): Promise<void> {
  const data = dataDir(options.data);
  const running = runningUp(data);
  if (running !== undefined && options.deploy !== undefined) await adopt(data, running, options);
  else if (options.detach) await inBackground(data, options);
  else await inForeground(data, options);
}

/** A control plane runs here already: what was asked for is deployed on that one. */
async function adopt(data: DataDir, pid: number, options: Options): Promise<void> {
  const { endpoint } = settingsOf(data);
  if (endpoint === undefined) throw new TuttiError('unavailable', `tutti up (pid ${pid}) is just starting: try again`);
  print(`tutti up runs already (pid ${pid})`, `ready ${endpoint}`);
  await deployAsked({ endpoint, token: readFileSync(data.token, 'utf8').trim() }, options, data);
}

async function inBackground(data: DataDir, options: Options): Promise<void> {
  const own = ['-d', '--detach'];
  // The one in front deploys, so that its progress is seen.
  const withoutDeploy = process.argv.slice(3).filter((word, i, all) => !isDeploy(word) && !takesDeploy(all[i - 1]));
  makeDataDir(data);
  const args = withoutDeploy.filter((word) => !own.includes(word));
  const context = await detach<Context>({ verb: 'up', args, log: data.log }, print);
  print(`ready ${context.endpoint}`);
  await deployAsked(context, options, data);
}

const isDeploy = (word: string): boolean => /^--(deploy|app)(=|$)/.test(word);
const takesDeploy = (word: string | undefined): boolean => word === '--deploy' || word === '--app';

async function inForeground(data: DataDir, options: Options): Promise<void> {
  keepHeapSmall();
  // The control plane outlives whoever read its first lines.
  process.stdout.removeAllListeners('error').on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const stopped = untilStopped();
  tellResources(options.resource);
  const { bringUp } = await import('../up/run.js');
  const { port, listen, natsPort, advertise, node, engine, dockerHost } = options;
  const plane = await bringUp({
    data,
    port,
    listen,
    ...(natsPort !== undefined && { natsPort }),
    ...(advertise !== undefined && { advertise }),
    ...(options.members !== undefined && { members: options.members }),
    ...joinOf(options),
    isNode: node !== false,
    ...(typeof node === 'string' && { node }),
    ...(engine !== undefined && { engine }),
    ...(dockerHost !== undefined && { dockerHost }),
    labels: labelsOf(options.label ?? []),
    separate: options.separate ?? false,
    step: (line) => void (tellParent({ step: line }), print(line)),
    log: (line) => say(`${new Date().toISOString()} ${line}`),
  }).catch((error: unknown) => {
    tellParent({ failed: messageOf(error) });
    // What a half-started service has left open must not keep this process.
    setTimeout(() => process.exit(), LAST_WORDS_MS);
    throw error;
  });
  print(`ready ${plane.context.endpoint}`);
  tellParent({ ready: plane.context });
  await Promise.race([deployAsked(plane.context, options, data).then(() => stopped), stopped]);
  say('Stopping the control plane; containers keep running.');
  await plane.stop();
  process.exit(0);
}

async function deployAsked(context: Context, { deploy, app }: Options, data: DataDir): Promise<void> {
  if (deploy === undefined) return;
  const { deployExample } = await import('../up/deploy-asked.js');
  const file = fileFor(settingsOf(data).engine, deploy);
  await deployExample(context, { file, ...(app !== undefined && { app }) });
}

/** What a file says of containers may not do for plain processes: the same application may have a file for those. */
function fileFor(engine: DataSettings['engine'], file: string): string {
  const own = file.replace(/(\.ya?ml)$/, '.process$1');
  return engine === 'process' && existsSync(own) ? own : file;
}

function sizeOf(text: string): number {
  const size = SIZES.find((one) => String(one) === text);
  if (size === undefined) throw invalid(`a control plane has ${SIZES.join(' or ')} members, not ${text}`);
  return size;
}

function joinOf({ join, token }: Options): { join?: { address: string; token: string } } {
  if (join === undefined) return {};
  if (token === undefined) throw invalid('--join needs --token: the first member has printed one');
  return { join: { address: join, token } };
}

function nodeName(text: string): string {
  return requireName(text, 'node');
}
