/**
 * What an agent may take beyond the stop grace until a fenced task no longer runs, counted from the end of its lease, in
 * milliseconds. docs/task-model.md has the inequality that these are part of.
 */
export const FENCE = {
  /** A late timer, a busy event loop, a call that stands in line: until the engine has been asked to stop it. */
  noticeMs: 500,
  /** From the end of the grace, when the agent has it killed, until it is gone. */
  killMs: 1500,
  /** Clocks that run at different rates, and what is rounded on the way. */
  reserveMs: 1000,
} as const;

/** How much longer than the stop grace the scheduler waits before it starts another for a fenced task. */
export const FENCE_MARGIN_MS = FENCE.noticeMs + FENCE.killMs + FENCE.reserveMs;

/**
 * The longest grace of a task that was given up while its node was cut off: its successor runs already, so that each
 * second of it is a second of running twice.
 */
export const ORPHAN_GRACE_MS = 3000;
