import {
  TuttiError,
  type AppAnswer,
  type AppRef,
  type CloudEvent,
  type OutcomeRecord,
  type RolloutRecord,
} from '@tutti/model';
import { endOf, isStuck } from '../core/rollouts.js';
import { follow } from './follow.js';
import { sendCommand, type Command } from './commands.js';
import type { Gateway } from './http.js';

export interface WaitOptions {
  ref: AppRef;
  /** Whether the rollout has to be seen to its end; else the outcome is enough. */
  detach: boolean;
  timeoutMs: number;
  /** Stops the waiting, not the rollout. */
  signal: AbortSignal;
  onOutcome(outcome: OutcomeRecord): void;
  onRollout(rollout: RolloutRecord): void;
}

/** How waiting ended. `stuck`: what is missing has no place and nothing under way will give it one. */
export type WaitEnd =
  'accepted' | 'done' | 'waits' | 'failed' | 'paused' | 'rolled-back' | 'stuck' | 'timeout' | 'interrupted' | 'removed';

/** A rollout that lacks only places is given this long for another to be freed. */
const STUCK_MS = 15_000;

/** Sends a command and follows the application's rollout to its end. */
export async function commandAndWait(gateway: Gateway, command: Command, options: WaitOptions): Promise<WaitEnd> {
  const { ref, timeoutMs, onOutcome } = options;
  const deadline = Date.now() + timeoutMs;
  const watcher = new RolloutWatcher(gateway, ref, options.onRollout);
  try {
    // The stream is open before the command, so that nothing falls between them.
    if (!options.detach) await watcher.open();
    const outcome = await sendCommand(gateway, command, options.detach ? 0 : deadline);
    onOutcome(outcome);
    if (options.detach) return 'accepted';
    return await watcher.end(outcome, { deadline, signal: options.signal });
  } finally {
    watcher.close();
  }
}

/** Keeps the newest rollout of an application, from the event stream and a look at each reconnection. */
class RolloutWatcher {
  private readonly stop = new AbortController();
  private rollout: RolloutRecord | null = null;
  private gone = false;
  private changedAt = Date.now();
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly gateway: Gateway,
    private readonly ref: AppRef,
    private readonly onRollout: (rollout: RolloutRecord) => void,
  ) {}

  /** Resolves when the stream is open. */
  async open(): Promise<void> {
    await new Promise<void>((opened, failed) => {
      this.run(opened).catch((error: unknown) => {
        this.failure = error instanceof Error ? error : new Error(String(error));
        failed(this.failure);
        this.wake();
      });
    });
  }

  close(): void {
    this.stop.abort();
  }

  async end(outcome: OutcomeRecord, until: { deadline: number; signal: AbortSignal }): Promise<WaitEnd> {
    await this.look();
    const generation = outcome.generation ?? 0;
    for (;;) {
      if (this.failure) throw this.failure;
      if (this.gone) return 'removed';
      const end = outcome.verb === 'remove' ? undefined : endOf(this.rollout, generation);
      if (end) return end;
      const stuckAt = isStuck(this.rollout, generation) ? this.changedAt + STUCK_MS : Infinity;
      const now = Date.now();
      if (until.signal.aborted) return 'interrupted';
      if (now >= stuckAt) return 'stuck';
      if (now >= until.deadline) return 'timeout';
      await this.change(Math.min(stuckAt, until.deadline) - now, until.signal);
    }
  }

  private async run(opened: () => void): Promise<void> {
    const { namespace, app } = this.ref;
    const query = { namespace, app, since: 'now' };
    for await (const item of follow(this.gateway, '/v1/events', { query, signal: this.stop.signal })) {
      if (item.type === 'open') {
        opened();
        await this.look();
        continue;
      }
      const event = JSON.parse(item.data) as CloudEvent;
      const resource = event.type.split('.')[2];
      if (resource === 'rollout' && hasPhase(event.data)) this.take(event.data);
      // The application's own record is the last to go; its going is what `rm` waits for.
      else if (resource === 'app' || resource === 'rollout') await this.look();
    }
  }

  /** Looks at the truth, for what happened while no stream was open. */
  private async look(): Promise<void> {
    const { namespace, app } = this.ref;
    try {
      const found = await this.gateway.get<AppAnswer>(`/v1/apps/${namespace}/${app}`);
      this.gone = false;
      if (found.rollout) this.take(found.rollout);
    } catch (error) {
      if (error instanceof TuttiError && error.code === 'not-found') this.gone = true;
      else if (!(error instanceof TuttiError) || !['unavailable', 'timeout'].includes(error.code)) throw error;
    }
    this.wake();
  }

  private take(rollout: RolloutRecord): void {
    const current = this.rollout;
    if (current && (rollout.generation < current.generation || rollout.updatedAt < current.updatedAt)) return;
    if (JSON.stringify(current?.services) !== JSON.stringify(rollout.services)) this.changedAt = Date.now();
    this.rollout = rollout;
    this.onRollout(rollout);
    this.wake();
  }

  private change(withinMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(withinMs, 2 ** 31 - 1));
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.wake = done;
      signal.addEventListener('abort', done);
    });
  }
}

function hasPhase(data: unknown): data is RolloutRecord {
  return typeof data === 'object' && data !== null && 'phase' in data && 'services' in data;
}
