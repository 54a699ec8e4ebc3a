import { hasCode } from '@tutti/engine';
import { messageOf } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';
import { hooksOf } from '../core/hooks.js';
import { runHooks } from './hooks.js';
import type { StepContext } from './step-context.js';

/** For the post_start hooks of a container together. */
const POST_START_MS = 10 * 60_000;
/** For reading the spec of what is to be stopped. */
const READ_MS = 2000;

/** A hook that fails ends the run: its container is killed, since nobody has begun to use it. */
export async function hook({ kit, life, learn, signal }: StepContext): Promise<void> {
  const { container, plan, hookFailure: before } = life();
  if (!container || !plan) return;
  const { engine } = kit;
  const run = { engine, container: container.id, kind: 'post_start', withinMs: POST_START_MS, signal } as const;
  const failure = before ?? (await runHooks(hooksOf(plan.service, 'post_start'), run));
  if (failure === undefined) return learn({ type: 'hooked' });
  learn({ type: 'hook-failed', failure });
  await engine.kill(container.id).catch(unlessEnded);
  learn({ type: 'looking' });
  learn({ type: 'looked', seen: await engine.inspect(container.id) });
}

function unlessEnded(error: unknown): void {
  if (!hasCode(error, 'conflict')) throw error;
}

/**
 * Runs what is to be run before a stop; where that fails it is told, and the stop goes on.
 * @returns what is left of the grace, which the hooks take from; undefined: the container's own
 */
export async function prepareStop(
  { kit, life, learn }: Pick<StepContext, 'kit' | 'life' | 'learn'>,
  graceMs: number | undefined,
): Promise<number | undefined> {
  const { container, state, desired } = life();
  // A new agent has not read the spec of what it is to stop.
  const plan = life().plan ?? (desired && (await inTime(kit.revisions.planOf(desired))));
  const hooks = plan ? hooksOf(plan.service, 'pre_stop') : [];
  if (!container || !plan || hooks.length === 0 || state !== 'running') return graceMs;
  const withinMs = graceMs ?? plan.service.stopGraceMs;
  const until = Date.now() + withinMs;
  const run = { engine: kit.engine, container: container.id, kind: 'pre_stop', withinMs } as const;
  const failure = await runHooks(hooks, run).catch((error: unknown) => messageOf(error));
  if (failure !== undefined) {
    kit.logger.warn(`task ${life().ref.task} is stopped although ${failure}`);
    learn({ type: 'remarked', remark: `stopped although ${failure}` });
  }
  return Math.max(0, until - Date.now());
}

/** A stop must not wait for a bus that is away. */
async function inTime<T>(reading: Promise<T>): Promise<T | undefined> {
  const late = sleep(READ_MS, undefined, { ref: false });
  return Promise.race([reading.catch(() => undefined), late]);
}
