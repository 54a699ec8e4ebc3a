import type { Command } from 'commander';
import { Option } from 'commander';
import type { StatusAnswer } from '@tutti/model';
import type { EndpointOptions } from '../client/endpoint.js';
import { Gateway } from '../client/http.js';
import { statusScreen } from '../core/status-screen.js';
import { outPaint, print } from '../terminal/output.js';
import { clientOptions, examples } from './options.js';

export function define(command: Command): Command {
  command.addOption(new Option('--format <format>', 'how to print it').choices(['table', 'json']).default('table'));
  command.addHelpText('after', '\nExit code: 0 healthy, 1 degraded or not reachable.');
  return examples(clientOptions(command), 'tutti status', 'tutti status --format json').action(act);
}

async function act(options: EndpointOptions & { format: string }): Promise<void> {
  const status = await Gateway.from(options).get<StatusAnswer>('/v1/status');
  if (options.format === 'json') print(JSON.stringify(status, null, 2));
  else print(...statusScreen(status, new Date(), outPaint()));
  process.exitCode = status.healthy ? 0 : 1;
}
