import type { NatsConnection } from '@nats-io/transport-node';
import { Svcm, type Service, type ServiceMsg } from '@nats-io/services';
import type { MessageHandler } from '@nestjs/microservices';
import { messageOf, TuttiError, type ErrorCode } from '@tutti/model';
import { from, isObservable, lastValueFrom } from 'rxjs';
import type { Connection } from '../connection.js';
import { decodeJson } from '../state/codec.js';

export interface RunningEndpoints {
  stop(): Promise<unknown>;
}

/** Error codes as NATS micro services carry them: those of HTTP. */
const CODES: Record<ErrorCode, number> = {
  invalid: 400,
  unauthorised: 403,
  'not-found': 404,
  conflict: 409,
  internal: 500,
  unavailable: 503,
  timeout: 504,
};

/** Registers each handler as an endpoint of one NATS micro service, which `nats micro ls` shows. */
export async function serveRequests(
  { nc }: Connection,
  info: { service: string; version: string; description: string },
  handlers: ReadonlyMap<string, MessageHandler>,
): Promise<RunningEndpoints> {
  // The package pins its own copy of the client's types; at run time a connection is a connection.
  const service: Service = await new Svcm(nc as unknown as ConstructorParameters<typeof Svcm>[0]).add({
    name: info.service,
    version: info.version,
    description: info.description,
  });
  for (const [subject, handler] of handlers) {
    service.addEndpoint(subject.replaceAll('.', '_'), {
      subject,
      handler: (error, message) => void (error ? undefined : answer(message, handler)),
    });
  }
  return service;
}

async function answer(message: ServiceMsg, handler: MessageHandler): Promise<void> {
  try {
    const result: unknown = await handler(message.data.length > 0 ? decodeJson(message.data) : {});
    const value = isObservable(result) ? await lastValueFrom(from(result), { defaultValue: null }) : result;
    message.respond(JSON.stringify(value ?? null));
  } catch (error) {
    const { code, faults } = error instanceof TuttiError ? error : { code: 'internal' as const, faults: [] };
    message.respondError(CODES[code], messageOf(error), JSON.stringify({ faults }));
  }
}

const REQUEST_TIMEOUT_MS = 5000;

/**
 * Asks a service.
 * @throws TuttiError with the code and faults of the service's refusal; `unavailable` when nobody answers in time
 */
export async function ask<T>(connection: { nc: NatsConnection }, subject: string, body: unknown = {}): Promise<T> {
  const reply = await connection.nc
    .request(subject, JSON.stringify(body), { timeout: REQUEST_TIMEOUT_MS })
    .catch((error: unknown) => {
      throw new TuttiError('unavailable', `nobody answered ${subject}: ${messageOf(error)}`);
    });
  const code = Number(reply.headers?.get('Nats-Service-Error-Code') ?? 0);
  if (!code) return decodeJson(reply.data) as T;
  const name = (Object.keys(CODES) as ErrorCode[]).find((candidate) => CODES[candidate] === code) ?? 'internal';
  const { faults } = decodeJson(reply.data) as { faults?: TuttiError['faults'] };
  throw new TuttiError(name, reply.headers?.get('Nats-Service-Error') ?? 'refused', faults ?? []);
}

/** A service that answers on the bus. */
export interface LiveService {
  name: string;
  version: string;
  /** When it started, ISO 8601. */
  since: string;
}

const SURVEY_TIMEOUT_MS = 1000;

/** Asks who is there. Ends as soon as each of `expected` has answered, after a second at the latest. */
export async function survey({ nc }: Connection, expected: readonly string[]): Promise<LiveService[]> {
  const found: LiveService[] = [];
  const missing = new Set(expected);
  const replies = await nc.requestMany('$SRV.STATS', '', { strategy: 'timer', maxWait: SURVEY_TIMEOUT_MS });
  for await (const reply of replies) {
    const { name, version, started } = reply.json<{ name: string; version: string; started: string }>();
    found.push({ name, version, since: started });
    missing.delete(name);
    if (missing.size === 0) break;
  }
  return found;
}
