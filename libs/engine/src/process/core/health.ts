import type { EngineHealth, HealthcheckSpec } from '@tutti/model';

/** What is known of a process's health. */
export interface Health {
  status: EngineHealth;
  /** Probes that failed one after the other. */
  failures: number;
  /** What the last probe printed. */
  lastOutput?: string;
}

export interface ProbeResult {
  passed: boolean;
  output: string;
  /** Since the process started, when the probe began. */
  sinceStartMs: number;
}

/** Whether there is anything to probe. */
export function isProbed(healthcheck: HealthcheckSpec | undefined): healthcheck is HealthcheckSpec {
  return healthcheck !== undefined && healthcheck.test.length > 0 && healthcheck.test[0] !== 'NONE';
}

/** Docker's rules: one success heals; `retries` failures in a row condemn; those of the start period do not count. */
export function judge(before: Health, { passed, output, sinceStartMs }: ProbeResult, spec: HealthcheckSpec): Health {
  if (passed) return { status: 'healthy', failures: 0, lastOutput: output };
  if (before.status === 'starting' && sinceStartMs < spec.startPeriodMs) return { ...before, lastOutput: output };
  const failures = before.failures + 1;
  return { status: failures >= spec.retries ? 'unhealthy' : before.status, failures, lastOutput: output };
}

/** The program of a probe. */
export function probeCommand([kind = '', ...words]: readonly string[]): string[] {
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words;
}
