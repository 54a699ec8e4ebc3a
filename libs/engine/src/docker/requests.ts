import type { IncomingMessage } from 'node:http';
import type Docker from 'dockerode';

/** A request whose answer goes on for as long as it likes. */
export interface StreamRequest {
  path: string;
  method?: 'GET' | 'POST';
  query: Record<string, unknown>;
  authconfig?: Record<string, string>;
  /** Ends the request and its stream. */
  signal: AbortSignal;
}

/** A plain request for which dockerode has no method, or none that can be given up. */
export interface JsonRequest {
  path: string;
  method?: 'GET' | 'POST';
  query?: Record<string, unknown>;
  body?: object;
  /** For the registry that the engine asks. */
  authconfig?: Record<string, string>;
  signal: AbortSignal;
}

/** Resolves with the decoded answer. */
export function requestJson<T>(docker: Docker, request: JsonRequest): Promise<T> {
  const { path, method = 'GET', query = {}, body = {}, authconfig, signal } = request;
  const options = { _query: withoutUndefined(query), _body: body };
  return new Promise((resolve, reject) => {
    const statusCodes = { 200: true, 201: true };
    const dial = { path: `${path}?`, method, options, authconfig, abortSignal: signal, statusCodes };
    docker.modem.dial(dial, (error, answer) => (error ? reject(error) : resolve(answer as T)));
  });
}

/** A hung peer is found by TCP's own probes, so that a quiet stream is not mistaken for a dead one. */
const PROBE_AFTER_MS = 15_000;

/** Resolves with the answer's body once its head is there. */
export function openStream(docker: Docker, request: StreamRequest): Promise<IncomingMessage> {
  const { path, method = 'GET', query, authconfig, signal } = request;
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `${path}?`,
        method,
        options: { _query: withoutUndefined(query), _body: {} },
        authconfig,
        abortSignal: signal,
        isStream: true,
        statusCodes: { 200: true },
      },
      (error, body) => {
        if (error) return reject(error);
        const stream = body as IncomingMessage;
        stream.socket.setKeepAlive(true, PROBE_AFTER_MS);
        resolve(stream);
      },
    );
  });
}

function withoutUndefined(query: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

/** Longest document in a stream of them; a longer one is a fault of the peer. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** The JSON documents of a stream that has one a line. */
export async function* jsonLines<T>(stream: AsyncIterable<Buffer>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_DOCUMENT_BYTES) throw new Error('the engine sent a document without end');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
}
