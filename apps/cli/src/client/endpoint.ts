import { invalid, TuttiError } from '@tutti/model';
import { readContext } from './context-file.js';

export interface EndpointOptions {
  endpoint?: string;
  token?: string;
}

export interface ResolvedEndpoint {
  url: URL;
  token?: string;
}

/**
 * Where the gateway is: options, then `TUTTI_ENDPOINT` and `TUTTI_TOKEN`, then the context file. The context's token
 * is sent to the context's endpoint only.
 * @throws TuttiError when none of them says, or what it says is no URL
 */
export function resolveEndpoint(options: EndpointOptions, env: NodeJS.ProcessEnv = process.env): ResolvedEndpoint {
  const context = readContext();
  const endpoint = options.endpoint ?? env.TUTTI_ENDPOINT ?? context?.endpoint;
  if (!endpoint) {
    throw new TuttiError(
      'unavailable',
      'no control plane is known here: start one with `tutti up`, or name one with --endpoint and --token',
    );
  }
  const url = parse(endpoint);
  const own = context && parse(context.endpoint).href === url.href ? context.token : undefined;
  const token = options.token ?? env.TUTTI_TOKEN ?? own;
  return { url, ...(token && { token }) };
}

function parse(endpoint: string): URL {
  const text = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw invalid(`${JSON.stringify(endpoint)} is not an endpoint: write it like http://127.0.0.1:8080`);
}
