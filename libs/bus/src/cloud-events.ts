import { headers as makeHeaders, nuid, type MsgHdrs } from '@nats-io/transport-node';
import type { CloudEventAttributes } from '@tutti/model';

/** Percent-encodes what a header cannot carry, as the NATS binding of CloudEvents says. */
const encode = (text: string): string =>
  text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (char) => encodeURIComponent(char).replace(/"/g, '%22'));

/** Headers that make a message a CloudEvent: `ce-id`, `ce-type`, … */
export function eventHeaders(attributes: Omit<CloudEventAttributes, 'id'>): MsgHdrs {
  const headers = makeHeaders();
  headers.set('ce-specversion', '1.0');
  headers.set('ce-id', nuid.next());
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) headers.set(`ce-${name}`, encode(String(value)));
  }
  headers.set('content-type', 'application/json');
  return headers;
}

/** Reads the attributes back; undefined when the message is not a CloudEvent. */
export function readEventHeaders(headers: MsgHdrs | undefined): CloudEventAttributes | undefined {
  const get = (name: string): string => safeDecode(headers?.get(`ce-${name}`) ?? '');
  const [id, source, type] = [get('id'), get('source'), get('type')];
  if (!id || !source || !type) return undefined;
  return {
    id,
    source,
    type,
    time: get('time'),
    ...(get('subject') && { subject: get('subject') }),
    ...(get('causationid') && { causationid: get('causationid') }),
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
