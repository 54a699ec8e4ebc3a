import { decodeJson, STREAM, subjects, type Connection } from '@tutti/bus';
import type { TaskRef } from '@tutti/model';

/** The engine's mark of the last line that was shipped of a task, whoever shipped it; undefined where none was. */
export async function lastShipped({ jsm }: Connection, ref: TaskRef): Promise<string | undefined> {
  const message = await jsm.direct.getMessage(STREAM.logs, { last_by_subj: subjects.logs(ref) });
  if (!message) return undefined;
  const { cursor } = decodeJson(message.data) as { cursor?: unknown };
  return typeof cursor === 'string' ? cursor : undefined;
}
