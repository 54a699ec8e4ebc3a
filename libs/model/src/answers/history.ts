import type { LogLine, Time } from '../records/index.js';

/** The attributes of a CloudEvent, CloudEvents 1.0; in the history they are headers. */
export interface CloudEventAttributes {
  id: string;
  source: string;
  type: string;
  subject?: string;
  time: Time;
  /** Extension: the command or event that led to this one. */
  causationid?: string;
}

/** A CloudEvent in structured mode, JSON format, with its place in the history. */
export interface CloudEvent extends CloudEventAttributes {
  specversion: '1.0';
  sequence: number;
  datacontenttype: 'application/json';
  /** The record after the change; null where it was removed. */
  data: unknown;
}

/** One line of a task's output. */
export interface LogElement extends LogLine {
  service: string;
  slot?: number;
}
