/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  id?: string;
  event: string;
  data: string;
}

/** Above this a stream is not one of ours: an event carries one record, less than 1 MiB. */
const LONGEST_EVENT = 8 * 1024 * 1024;

/** Takes a stream's text piece by piece and gives the events that have become whole (WHATWG HTML, section 9.2). */
export function sseParser(): (piece: string) => ServerSentEvent[] {
  let rest = '';
  let id: string | undefined;
  return (piece) => {
    rest += piece;
    if (rest.length > LONGEST_EVENT) throw new Error('the event stream sends an event without end');
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    const events: ServerSentEvent[] = [];
    for (const block of blocks) {
      const fields = fieldsOf(block);
      id = fields.id ?? id;
      if (fields.data.length === 0) continue;
      events.push({ event: fields.event, data: fields.data.join('\n'), ...(id !== undefined && { id }) });
    }
    return events;
  };
}

function fieldsOf(block: string): { id?: string; event: string; data: string[] } {
  const fields: { id?: string; event: string; data: string[] } = { event: 'message', data: [] };
  for (const line of block.split(/\r?\n/)) {
    const match = /^(id|event|data)(?:: ?(.*))?$/.exec(line);
    const value = match?.[2] ?? '';
    if (match?.[1] === 'data') fields.data.push(value);
    else if (match?.[1] === 'event') fields.event = value;
    else if (match?.[1] === 'id') fields.id = value;
  }
  return fields;
}
