import { backoffMs } from '@tutti/model';
import type Docker from 'dockerode';
import { Observable, type Subscriber } from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEvent, EventOptions } from '../port/events.js';
import { toLabelFilter } from './filters.js';
import { toEvent, type RawEvent } from './event-message.js';
import { jsonLines, openStream } from './requests.js';

const BACKOFF = { firstMs: 100, maxMs: 5_000 };
/** What is asked of the engine by name; anything else, such as attach or resize, stays there. */
const ACTIONS = ['create', 'start', 'stop', 'kill', 'pause', 'unpause', 'oom', 'die', 'destroy', 'health_status'];

export interface EventSource {
  docker: Docker;
  /** Fires when the engine is closed. */
  closed: AbortSignal;
  /** Says in words why a stream ended. */
  explain(error: unknown): string;
}

/** Container events across reconnects; see `ContainerEngine.events`. */
export function watchEvents(source: EventSource, options: EventOptions): Observable<EngineEvent> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const end = (): void => controller.abort();
    const signals = [source.closed, ...(options.signal ? [options.signal] : [])];
    for (const signal of signals) signal.addEventListener('abort', end, { once: true });
    if (signals.some((signal) => signal.aborted)) end();
    void follow(source, { ...options, signal: controller.signal }, subscriber).finally(() => {
      for (const signal of signals) signal.removeEventListener('abort', end);
      subscriber.complete();
    });
    return end;
  });
}

type Watch = EventOptions & { signal: AbortSignal };

async function follow(source: EventSource, watch: Watch, subscriber: Subscriber<EngineEvent>): Promise<void> {
  let failures = 0;
  let gapTold = false;
  while (!watch.signal.aborted) {
    let reason = 'the engine ended the event stream';
    try {
      for await (const event of connectOnce(source.docker, watch)) {
        failures = 0;
        gapTold = false;
        subscriber.next(event);
      }
    } catch (error) {
      reason = source.explain(error);
    }
    if (watch.signal.aborted) return;
    if (!gapTold) subscriber.next({ type: 'disconnected', at: now(), reason });
    gapTold = true;
    await pause(failures++, watch.signal);
  }
}

async function* connectOnce(docker: Docker, { labels, execs, signal }: Watch): AsyncGenerator<EngineEvent> {
  const filters = {
    type: ['container'],
    event: execs ? [...ACTIONS, 'exec_start'] : ACTIONS,
    ...toLabelFilter(labels),
  };
  // The engine sends its answer's head just before it begins to listen; `since` closes that crack.
  const stream = await openStream(docker, { path: '/events', query: { filters, since: unixTime(Date.now()) }, signal });
  yield { type: 'connected', at: now() };
  for await (const raw of jsonLines<RawEvent>(stream)) {
    const event = toEvent(raw);
    if (event) yield event;
  }
}

/** Half of the back-off is random, so that the agents of many hosts do not come back in step. */
async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const wait = backoffMs(BACKOFF, failures);
  await sleep(wait / 2 + (Math.random() * wait) / 2, undefined, { signal, ref: false }).catch(() => undefined);
}

function unixTime(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function now(): string {
  return new Date().toISOString();
}
