import type Docker from 'dockerode';
import type { EngineLogLine, LogOptions } from '../port/logs.js';
import { afterCursor, LogFrames } from './log-frames.js';
import { openStream } from './requests.js';

/** The lines of a container's log; pulls from the engine no faster than the reader takes them. */
export async function* readLog(
  docker: Docker,
  id: string,
  options: LogOptions & { signal: AbortSignal },
): AsyncGenerator<EngineLogLine> {
  const { follow = false, tail, signal } = options;
  const query = { stdout: true, stderr: true, timestamps: true, follow, tail: tail ?? 'all', since: sinceOf(options) };
  const stream = await openStream(docker, { path: `/containers/${encodeURIComponent(id)}/logs`, query, signal });
  const frames = new LogFrames();
  try {
    for await (const chunk of stream) yield* frames.push(chunk as Buffer);
    yield* frames.end();
  } finally {
    stream.destroy();
  }
}

function sinceOf({ after, since }: LogOptions): string | undefined {
  if (after) return afterCursor(after);
  return since === undefined ? undefined : (Date.parse(since) / 1000).toFixed(3);
}
