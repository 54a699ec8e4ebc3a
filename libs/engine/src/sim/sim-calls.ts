import type { CallOptions } from '../port/call.js';
import type { ContainerEngine } from '../port/engine.js';
import { EngineError, type EngineErrorCode } from '../port/errors.js';
import type { SimClock } from './clock.js';
import type { SeededRandom } from './random.js';

/** The calls that can be delayed and made to fail. */
export type SimOperation = Exclude<keyof ContainerEngine, 'events' | 'close'>;

/** How long calls take, in milliseconds: always the same, or anything between two bounds. Default: no time at all. */
export type SimLatencies = Partial<Record<SimOperation, number | readonly [from: number, to: number]>>;

/** Gives every simulated call its delay and its failures. */
export class SimCalls {
  private readonly failures = new Map<SimOperation, EngineError[]>();

  constructor(
    private readonly clock: SimClock,
    private readonly random: SeededRandom,
    private readonly latencies: SimLatencies,
  ) {}

  /** The next call of this kind that has no failure yet fails. */
  failNext(operation: SimOperation, error: EngineError | EngineErrorCode): void {
    const failure =
      typeof error === 'string' ? new EngineError(error, `cannot ${operation}: the script says ${error}`) : error;
    this.failures.set(operation, [...(this.failures.get(operation) ?? []), failure]);
  }

  async run<T>(operation: SimOperation, options: CallOptions, work: () => T | Promise<T>): Promise<T> {
    options.signal?.throwIfAborted();
    const latency = this.latencyOf(operation);
    const { timeoutMs = Infinity } = options;
    if (latency > 0) await this.sleep(Math.min(latency, timeoutMs), options.signal);
    if (latency > timeoutMs) {
      throw new EngineError('timeout', `cannot ${operation}: the engine did not answer within ${timeoutMs / 1000} s`);
    }
    const failure = this.failures.get(operation)?.shift();
    if (failure) throw failure;
    return work();
  }

  /** @throws the signal's reason when it fires first */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        takeBack();
        reject(signal?.reason as Error);
      };
      const takeBack = this.clock.after(ms, () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      });
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  private latencyOf(operation: SimOperation): number {
    const latency = this.latencies[operation] ?? 0;
    return typeof latency === 'number' ? latency : this.random.between(...latency);
  }
}
