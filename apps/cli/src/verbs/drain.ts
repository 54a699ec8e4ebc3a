import type { Command } from 'commander';
import { parseDuration, type NodeAnswer } from '@tutti/model';
import { waitForDrain, type DrainEnd } from '../client/drains.js';
import { Gateway } from '../client/http.js';
import { commandNode, findNode } from '../client/nodes.js';
import { drainLines, slotName } from '../core/drain-lines.js';
import { untilInterrupted } from '../terminal/interrupts.js';
import { print, say } from '../terminal/output.js';
import { Progress } from '../terminal/progress.js';
import { examples, nodeOptions, parsed, type NodeOptions } from './options.js';

interface DrainOptions extends NodeOptions {
  detach?: boolean;
  timeout: number;
}

const EXITS: Record<DrainEnd, number> = { drained: 0, recalled: 2, timeout: 3, interrupted: 130 };

export function define(command: Command): Command {
  command
    .argument('<node>', 'the node, or the first characters of its name')
    .option('-d, --detach', 'return when it is accepted, do not wait until the node is empty')
    .option('--timeout <duration>', 'how long to wait (default: 10m)', parsed(parseDuration), 600_000);
  command.addHelpText(
    'after',
    [
      '',
      'Each task has a healthy successor on another node before it stops, a few of each service at a time. What must not',
      'run twice, since it shares a volume, stops first; what has its data in a local volume waits until the node is',
      'uncordoned; a job runs to its end.',
    ].join('\n'),
  );
  return examples(
    nodeOptions(command),
    'tutti drain node-2',
    'tutti drain node-2 --reason "new kernel" --detach',
  ).action(act);
}

async function act(name: string, options: DrainOptions): Promise<void> {
  const gateway = Gateway.from(options);
  const { node } = await findNode(gateway, name);
  const { changed } = await commandNode(gateway, node, { verb: 'drain', reason: options.reason });
  if (!changed) say(`${node} is asked for just this already.`);
  if (options.detach) return print(`${node} is being drained`);
  const progress = new Progress();
  let last: NodeAnswer | undefined;
  const end = await waitForDrain(gateway, node, {
    timeoutMs: options.timeout,
    signal: untilInterrupted(),
    onProgress: (seen) => {
      last = seen;
      progress.update(drainLines(seen, progress.paint));
    },
  });
  process.exitCode = EXITS[end];
  conclude(end, node, last);
}

function conclude(end: DrainEnd, node: string, last: NodeAnswer | undefined): void {
  if (end === 'drained') {
    for (const waiting of last?.waiting ?? []) say(`${slotName(waiting)} waits: ${waiting.reason}`);
    print(`${node} drained`);
  } else if (end === 'recalled') {
    say(`${node} is ${last?.state ?? 'wanted otherwise'} now: somebody has taken the drain back.`);
  } else if (end === 'timeout') {
    say(`${node} is not empty yet; it goes on without us: \`tutti why ${node}\` shows what is left.`);
  } else say(`Stopped waiting; the drain goes on: \`tutti cordon ${node}\` stops it.`);
}
