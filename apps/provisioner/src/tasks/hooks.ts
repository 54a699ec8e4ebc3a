import { hasCode, type ContainerEngine } from '@tutti/engine';
import type { HookSpec } from '@tutti/model';
import { hookFailure, type HookKind } from '../core/hooks.js';

interface HookRun {
  engine: ContainerEngine;
  container: string;
  kind: HookKind;
  /** For all of them together. */
  withinMs: number;
  signal?: AbortSignal;
}

/**
 * Runs hooks in a container, one after the other.
 * @returns what failed, which ends it; undefined where all ended well
 * @throws EngineError where the engine cannot say how one ended
 */
export async function runHooks(hooks: readonly HookSpec[], run: HookRun): Promise<string | undefined> {
  const until = Date.now() + run.withinMs;
  for (const hook of hooks) {
    const failure = await runHook(hook, run, Math.max(1, until - Date.now()));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function runHook(hook: HookSpec, { engine, container, kind, withinMs, signal }: HookRun, timeoutMs: number) {
  const { command, environment: env, user, workingDir, privileged } = hook;
  try {
    const how = await engine.exec(container, { command, env, user, workingDir, privileged }, { timeoutMs, signal });
    return how.exitCode === 0 ? undefined : hookFailure(kind, hook, how);
  } catch (error) {
    if (hasCode(error, 'timeout')) return hookFailure(kind, hook, `did not end within ${withinMs / 1000} s`);
    if (hasCode(error, 'bad-config')) return hookFailure(kind, hook, `cannot be run: ${error.message}`);
    throw error;
  }
}
