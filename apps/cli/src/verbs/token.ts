import type { Command } from 'commander';
import { parseDuration, type TokenAnswer } from '@tutti/model';
import type { EndpointOptions } from '../client/endpoint.js';
import { Gateway } from '../client/http.js';
import { print, say } from '../terminal/output.js';
import { clientOptions, examples, parsed } from './options.js';

interface Options extends EndpointOptions {
  ttl?: number;
  format?: string;
}

export function define(command: Command): Command {
  // The token that opens the gateway is `--token` of every other verb, too.
  clientOptions(command).option(
    '--ttl <duration>',
    'how long it lets hosts in (default: for ever)',
    parsed(parseDuration),
  );
  return examples(command, 'tutti token', 'tutti token --ttl 1h').action(act);
}

/** The token alone goes to standard output, so that a script can take it; what to do with it to standard error. */
async function act(options: Options): Promise<void> {
  const gateway = Gateway.from(options);
  const body = JSON.stringify(options.ttl === undefined ? {} : { ttlMs: options.ttl });
  const { token, endpoint, expiresAt } = await gateway.send<TokenAnswer>('POST', '/v1/tokens', { body });
  print(token);
  if (endpoint === undefined) {
    say('Other hosts do not reach this control plane: start it with `tutti up --listen 0.0.0.0` to let them join.');
  } else {
    say('Another host joins with:', `  tutti join ${new URL(endpoint).host} --token ${token}`);
  }
  if (expiresAt !== undefined) say(`It holds until ${expiresAt}.`);
}
