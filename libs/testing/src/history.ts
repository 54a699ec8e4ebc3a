import { STREAM, subjects, type Connection } from '@tutti/bus';

/** One event of the history. */
export interface ToldEvent {
  /** `dev.tutti.incident.opened`. */
  type: string;
  subject: string;
  body: unknown;
}

/** All that the history tells of one kind of resource, such as `incident`, in order. */
export async function historyOf({ js }: Connection, resource: string): Promise<ToldEvent[]> {
  const consumer = await js.consumers.get(STREAM.events, {
    filter_subjects: [subjects.events('*', `${resource}.>`)],
    inactive_threshold: 10_000,
  });
  const events: ToldEvent[] = [];
  if ((await consumer.info(true)).num_pending > 0) {
    const messages = await consumer.consume();
    for await (const message of messages) {
      const type = message.headers?.get('ce-type') ?? '';
      events.push({ type, subject: message.subject, body: message.data.length > 0 ? message.json() : null });
      if (message.info.pending === 0) break;
    }
    await messages.close();
  }
  await consumer.delete().catch(() => false);
  return events;
}
