import { Option, type Command } from 'commander';
import { MAX_MOVES, parseDuration, type BegunMove, type Move, type RebalanceAnswer } from '@tutti/model';
import { commandOnce } from '../client/commands.js';
import type { EndpointOptions } from '../client/endpoint.js';
import { Gateway } from '../client/http.js';
import { waitForMoves, type MovesEnd } from '../client/moves.js';
import { moveColumns } from '../core/columns.js';
import { moveLines } from '../core/move-lines.js';
import { table } from '../core/table.js';
import { untilInterrupted } from '../terminal/interrupts.js';
import { outPaint, print, say } from '../terminal/output.js';
import { Progress } from '../terminal/progress.js';
import { clientOptions, examples, parsed, wholeNumber } from './options.js';

interface RebalanceOptions extends EndpointOptions {
  dryRun?: boolean;
  most?: number;
  automatic?: 'on' | 'off';
  format: 'table' | 'json';
  detach?: boolean;
  timeout: number;
}

const EXITS: Record<MovesEnd, number> = { moved: 0, kept: 2, timeout: 3, interrupted: 130 };
const EVEN = 'Nothing to move: tasks are spread as evenly as they can be.';

export function define(command: Command): Command {
  command
    .option('--dry-run', 'only show what would be moved')
    .option(
      '--most <n>',
      'move at most so many tasks (default: 10, or what was set with --automatic)',
      wholeNumber(1, MAX_MOVES),
    )
    .addOption(
      new Option('--automatic <on|off>', 'only set whether it is done by itself when a node joins').choices([
        'on',
        'off',
      ]),
    )
    .addOption(new Option('--format <format>', 'how to print the moves').choices(['table', 'json']).default('table'))
    .option('-d, --detach', 'return when it is begun, do not wait until all is moved')
    .option('--timeout <duration>', 'how long to wait (default: 10m)', parsed(parseDuration), 600_000);
  command.addHelpText(
    'after',
    [
      '',
      'Each task has a healthy successor on the other node before it stops. Tasks that keep data in a volume, jobs, and',
      'services that are being changed are left alone.',
    ].join('\n'),
  );
  return examples(
    clientOptions(command),
    'tutti rebalance --dry-run',
    'tutti rebalance --most 20',
    'tutti rebalance --automatic on',
  ).action(act);
}

async function act(options: RebalanceOptions): Promise<void> {
  const gateway = Gateway.from(options);
  if (options.automatic !== undefined) return setAutomatic(gateway, options.automatic === 'on', options.most);
  if (options.dryRun) {
    const query = options.most === undefined ? {} : { most: options.most };
    const { proposed } = await gateway.get<RebalanceAnswer>('/v1/rebalance', query);
    return show(proposed, options.format);
  }
  const body = JSON.stringify(options.most === undefined ? {} : { most: options.most });
  const { command } = await commandOnce(gateway, { method: 'POST', path: '/v1/rebalance', body });
  const progress = new Progress();
  let moves: BegunMove[] = [];
  const end = await waitForMoves(gateway, command, {
    ...{ timeoutMs: options.timeout, signal: untilInterrupted(), detach: options.detach ?? false },
    onProgress: (seen) => {
      moves = seen;
      progress.update(moveLines(seen, progress.paint));
    },
  });
  process.exitCode = EXITS[end];
  if (end === 'timeout')
    say('Not all is moved yet; it goes on without us: `tutti rebalance --dry-run` shows what is left.');
  else if (end === 'interrupted') say('Stopped waiting; the moves go on.');
  show(moves, options.format);
}

async function setAutomatic(gateway: Gateway, automatic: boolean, most: number | undefined): Promise<void> {
  const body = JSON.stringify({ automatic, ...(most !== undefined && { most }) });
  const { changed } = await commandOnce(gateway, { method: 'POST', path: '/v1/rebalance', body });
  if (!changed) say('It is set so already.');
  print(`automatic rebalancing is ${automatic ? 'on' : 'off'}`);
}

function show(moves: readonly (Move | BegunMove)[], format: 'table' | 'json'): void {
  if (format === 'json') print(JSON.stringify(moves, null, 2));
  else if (moves.length === 0) say(EVEN);
  else print(...table(moveColumns(), moves, outPaint()));
}
