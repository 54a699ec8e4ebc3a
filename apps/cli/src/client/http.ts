import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as plainRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TuttiError, type ErrorCode, type Fault } from '@tutti/model';
import { resolveEndpoint, type EndpointOptions, type ResolvedEndpoint } from './endpoint.js';

export type Query = Record<string, string | number | boolean | undefined>;

export interface Sending {
  query?: Query;
  body?: string;
  /** Media type of the body; JSON unless told otherwise. */
  type?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A path with its query; undefined values are left out. */
export function pathOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)] as [string, string])).toString();
  return text === '' ? path : `${path}?${text}`;
}

const CODES: Record<number, ErrorCode> = {
  400: 'invalid',
  401: 'unauthorised',
  403: 'unauthorised',
  404: 'not-found',
  409: 'conflict',
  413: 'invalid',
  415: 'invalid',
  422: 'invalid',
  503: 'unavailable',
  504: 'timeout',
};

/** When a server of three dies, the bus may take so long to agree on who does its work. */
const PATIENCE_MS = 12_000;
const RETRY_MS = 300;

/** Speaks to the gateway: JSON in, JSON out, problem details as TuttiError. */
export class Gateway {
  constructor(readonly endpoint: ResolvedEndpoint) {}

  static from(options: EndpointOptions): Gateway {
    return new Gateway(resolveEndpoint(options));
  }

  /** @throws TuttiError what the gateway refuses, or `unavailable` when it does not answer */
  async get<T>(path: string, query?: Query): Promise<T> {
    return this.send<T>('GET', path, query && { query });
  }

  async send<T>(method: string, path: string, sending: Sending = {}): Promise<T> {
    const response = await this.open(method, path, sending);
    const text = await textOf(response);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer once its head is there; its body is the caller's to read. */
  async open(method: string, path: string, sending: Sending = {}): Promise<IncomingMessage> {
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
      const response = await this.exchange(method, pathOf(path, sending.query), sending);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      const text = await textOf(response);
      const isOver = status !== 503 || !isRepeatable(method, sending) || Date.now() > deadline;
      if (isOver) throw problemOf(status, text, this.endpoint.url);
      await sleep(RETRY_MS);
    }
  }

  private async exchange(method: string, path: string, sending: Sending): Promise<IncomingMessage> {
    const { url, token } = this.endpoint;
    const { body, type = 'application/json', headers, signal } = sending;
    const options: RequestOptions = {
      method,
      agent: false,
      headers: {
        accept: 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      ...(signal && { signal }),
    };
    const request = url.protocol === 'https:' ? (await import('node:https')).request : plainRequest;
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, url), options, resolve);
      call.on('error', (error) => reject(unreachable(error, url)));
      call.end(body);
    });
  }
}

/** Asking twice does no harm to what only reads, nor to a command that has an id. */
const isRepeatable = (method: string, { headers }: Sending): boolean =>
  method === 'GET' || Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'idempotency-key');

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece as string;
  return text;
}

function unreachable(error: Error, url: URL): TuttiError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(error);
  return new TuttiError(
    'unavailable',
    `no Tutti answers at ${url.origin} (${why}): start it with \`tutti up\`, or name another with --endpoint`,
  );
}

function problemOf(status: number, text: string, url: URL): TuttiError {
  const problem = parseProblem(text);
  if (status === 401) {
    return new TuttiError(
      'unauthorised',
      `${url.origin} does not accept the token: give its own with --token or TUTTI_TOKEN`,
    );
  }
  const message =
    problem.detail ?? problem.title ?? `${url.origin} answered ${status}, which is not an answer of Tutti's gateway`;
  return new TuttiError(CODES[status] ?? 'internal', message, problem.errors ?? []);
}

function parseProblem(text: string): { title?: string; detail?: string; errors?: Fault[] } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
