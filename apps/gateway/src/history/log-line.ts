import type { JsMsg } from '@nats-io/jetstream';
import type { LogElement, LogLine } from '@tutti/model';

interface Batch {
  task: string;
  node: string;
  slot?: number;
  lines: Pick<LogLine, 'at' | 'stream' | 'line'>[];
}

/** The lines that a message of the logs carries; none where it cannot be read. */
export function toLogLines(message: JsMsg): LogElement[] {
  const service = message.subject.split('.')[4] ?? '';
  try {
    const { task, node, slot, lines } = message.json<Batch>();
    return lines.map(({ at, stream, line }) => ({
      at,
      stream,
      line,
      task,
      service,
      ...(slot !== undefined && { slot }),
      node,
    }));
  } catch {
    return [];
  }
}
