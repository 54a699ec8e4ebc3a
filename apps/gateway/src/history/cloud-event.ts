import type { JsMsg } from '@nats-io/jetstream';
import { readEventHeaders } from '@tutti/bus';
import type { CloudEvent } from '@tutti/model';

/** The event that a message of the history is; undefined for what is none. */
export function toCloudEvent(message: JsMsg): CloudEvent | undefined {
  const attributes = readEventHeaders(message.headers);
  if (!attributes) return undefined;
  return {
    specversion: '1.0',
    ...attributes,
    sequence: message.seq,
    datacontenttype: 'application/json',
    data: dataOf(message),
  };
}

function dataOf({ data }: JsMsg): unknown {
  if (data.length === 0) return null;
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    // A dead letter is kept as it came, whatever it is.
    return Buffer.from(data).toString('base64');
  }
}
