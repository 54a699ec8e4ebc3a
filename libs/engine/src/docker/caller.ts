import type { CallOptions } from '../port/call.js';
import { EngineError, type EngineErrorCode } from '../port/errors.js';
import { ErrorReader } from './errors.js';

/** One call to the engine, in words and in time. */
export interface Call extends CallOptions {
  /** For error texts: `start web-1`. */
  what: string;
}

/** Long enough for a busy engine; a call that takes longer is lost. */
const DEFAULT_TIMEOUT_MS = 60_000;

/** Gives every call its time limit, its way out, and errors in our words. */
export class Caller {
  private readonly errors: ErrorReader;

  constructor(readonly address: string) {
    this.errors = new ErrorReader(address);
  }

  /** Runs `send`; its signal fires when the caller gives up or time is over. Settles then even if `send` does not. */
  async call<T>(call: Call, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = call;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const giveUp = (): void => controller.abort(signal?.reason);
    const timer = setTimeout(() => controller.abort(tooLate(call.what, timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([send(controller.signal), rejection(controller.signal)]);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw this.errors.read(error, call.what);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** As `call`; undefined where the engine does not know the thing. */
  async find<T>(call: Call, send: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.call(call, send);
    } catch (error) {
      if (error instanceof EngineError && NOT_THERE.has(error.code)) return undefined;
      throw error;
    }
  }

  /** An error in our words. */
  read(error: unknown, what: string): EngineError {
    return this.errors.read(error, what);
  }
}

const NOT_THERE: ReadonlySet<EngineErrorCode> = new Set(['not-found', 'image-missing', 'no-such-network']);

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

function tooLate(what: string, timeoutMs: number): EngineError {
  return new EngineError('timeout', `cannot ${what}: the Docker Engine did not answer within ${timeoutMs / 1000} s`);
}
