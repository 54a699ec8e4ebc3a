import type { MsgHdrs } from '@nats-io/transport-node';
import { mayHoldContents, subjects } from './catalogue/subjects.js';
import type { StreamName } from './catalogue/streams.js';
import { eventHeaders } from './cloud-events.js';
import type { Connection } from './connection.js';

interface Burial {
  stream: StreamName;
  message: { subject: string; data: Uint8Array; headers?: MsgHdrs; seq?: number };
  /** One sentence: why nobody could handle it. */
  reason: string;
}

const NOTHING = new Uint8Array();

/** Headers have to fit beside the payload; a reason longer than this says nothing more. */
const MAX_REASON = 500;

/**
 * Keeps what could not be read or handled: the payload as it came unless a secret may stand in it, the reason in the header `Tutti-Reason`.
 * The server copies it into the history, so an event says so.
 */
export function bury(connection: Connection, { stream, message, reason }: Burial): void {
  const headers = eventHeaders({
    source: `/tutti/${connection.name}`,
    type: 'dev.tutti.dead.buried',
    subject: message.subject,
    time: new Date().toISOString(),
  });
  headers.set('Tutti-Reason', oneLine(reason));
  headers.set('Tutti-Subject', message.subject);
  if (message.seq !== undefined) headers.set('Tutti-Sequence', String(message.seq));
  connection.nc.publish(subjects.dead(stream), mayHoldContents(message.subject) ? NOTHING : message.data, { headers });
}

function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON);
}
