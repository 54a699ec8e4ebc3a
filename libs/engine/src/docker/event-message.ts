import type { EngineHealth } from '@tutti/model';
import type { ContainerEvent } from '../port/events.js';

/** A container event as Docker sends it. */
export interface RawEvent {
  Action: string;
  Actor: { ID: string; Attributes?: Record<string, string> };
  timeNano: number;
}

const PLAIN = ['create', 'start', 'stop', 'kill', 'pause', 'unpause', 'oom', 'destroy'] as const;

/** What Docker puts among the labels; all else there is a label. */
const OWN_ATTRIBUTES = new Set(['name', 'image', 'exitCode', 'signal', 'execID', 'execDuration']);

/** The event in our words; undefined for one that the port has no word for. */
export function toEvent({ Action: action, Actor: actor, timeNano }: RawEvent): ContainerEvent | undefined {
  const attributes = actor.Attributes ?? {};
  const base = {
    id: actor.ID,
    name: attributes.name ?? '',
    labels: Object.fromEntries(Object.entries(attributes).filter(([key]) => !OWN_ATTRIBUTES.has(key))),
    at: new Date(Math.floor(timeNano / 1e6)).toISOString(),
  };
  // Details follow a colon: `health_status: healthy`, `exec_start: sh -c …`.
  const [verb = '', detail = ''] = action.split(/: ?(.*)/s);
  const plain = PLAIN.find((type) => type === verb);
  if (plain) return { ...base, type: plain };
  if (verb === 'die') return { ...base, type: 'die', exitCode: Number(attributes.exitCode ?? -1) };
  if (verb === 'health_status') return { ...base, type: 'health', health: detail as EngineHealth };
  if (verb === 'exec_start') return { ...base, type: 'exec', command: detail };
  return undefined;
}
