import { isTerminal, type HookSpec, type ServiceSpec } from '@tutti/model';
import type { Life } from './life.js';

export type HookKind = 'post_start' | 'pre_stop';

/** How many of the last lines that a hook has printed are told. */
const LINES = 5;
const LINE_CHARACTERS = 200;
const COMMAND_CHARACTERS = 120;

/** The hooks of a service. */
export function hooksOf({ postStart, preStop }: ServiceSpec, kind: HookKind): HookSpec[] {
  return (kind === 'post_start' ? postStart : preStop) ?? [];
}

/** Whether hooks are still to be run before a task whose container runs counts as running. */
export function awaitsHooks({ container, plan, state }: Life): boolean {
  const has = plan !== undefined && hooksOf(plan.service, 'post_start').length > 0;
  return has && container?.hooked !== true && state !== 'running' && !isTerminal(state);
}

/** `the post_start hook ["sh","-c","…"] ended with exit code 1: last lines`. */
export function hookFailure(
  kind: HookKind,
  { command }: HookSpec,
  how: { exitCode: number; output: string } | string,
): string {
  const hook = `the ${kind} hook ${JSON.stringify(command).slice(0, COMMAND_CHARACTERS)}`;
  if (typeof how === 'string') return `${hook} ${how}`;
  const lines = how.output
    .split('\n')
    .map((line) => line.trim().slice(0, LINE_CHARACTERS))
    .filter(Boolean);
  const said = lines.length > 0 ? `: ${lines.slice(-LINES).join(' | ')}` : '';
  return `${hook} ended with exit code ${how.exitCode}${said}`;
}
