import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { HealthcheckSpec } from '@tutti/model';
import { probeCommand, type ProbeResult } from '../core/health.js';
import { send } from '../proc.js';
import type { RunRequest } from '../protocol.js';

/** As much of what a probe prints as Docker keeps. */
const OUTPUT_BYTES = 4096;

/** Probes a process again and again, with the interval between the end of one probe and the begin of the next. */
export class Probes {
  private timer: NodeJS.Timeout | undefined;
  private probe: number | undefined;
  private stopped = false;
  private readonly startedMs = performance.now();

  constructor(
    private readonly request: RunRequest,
    private readonly spec: HealthcheckSpec,
    private readonly tell: (result: ProbeResult) => void,
  ) {
    this.plan();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.probe !== undefined) send(-this.probe, 'SIGKILL');
  }

  private plan(): void {
    this.timer = setTimeout(() => void this.round(), this.spec.intervalMs);
  }

  private async round(): Promise<void> {
    const sinceStartMs = performance.now() - this.startedMs;
    const { passed, output } = await this.run();
    if (this.stopped) return;
    this.tell({ passed, output, sinceStartMs });
    this.plan();
  }

  private run(): Promise<{ passed: boolean; output: string }> {
    const { env, cwd, uid, gid } = this.request;
    const [program = '', ...args] = probeCommand(this.spec.test);
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    const child = spawn(program, args, { env, cwd, uid, gid, stdio, detached: true });
    this.probe = child.pid;
    let output = '';
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(0, OUTPUT_BYTES));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        end(false, `the probe did not end within ${this.spec.timeoutMs} ms\n${output}`);
      }, this.spec.timeoutMs);
      const end = (passed: boolean, text = output): void => {
        clearTimeout(late);
        if (child.pid !== undefined) send(-child.pid, 'SIGKILL');
        this.probe = undefined;
        resolve({ passed, output: text });
      };
      child.once('error', (error) => end(false, `the probe cannot be run: ${error.message}`));
      // What it printed last comes with the end of its pipes, which a child that it left behind may hold open.
      child.once('exit', (code) => setImmediate(() => end(code === 0)));
    });
  }
}
