import type { EngineHealth, Time } from '@tutti/model';

export interface EventOptions {
  /** Only containers that carry all of these; an empty value asks only that the label is there. */
  labels?: Record<string, string>;
  /** Also `exec` events. Health probes are execs too, so there can be many. */
  execs?: boolean;
  /** Completes the stream. */
  signal?: AbortSignal;
}

interface ContainerEventBase {
  /** The container's. */
  id: string;
  name: string;
  labels: Record<string, string>;
  at: Time;
}

/** Something that happened to a container. */
export type ContainerEvent = ContainerEventBase &
  (
    | { type: 'create' | 'start' | 'stop' | 'kill' | 'pause' | 'unpause' | 'oom' | 'destroy' }
    | { type: 'die'; exitCode: number }
    | { type: 'health'; health: EngineHealth }
    | { type: 'exec'; command: string }
  );

/** What `events` gives: container events, and what became of the connection. */
export type EngineEvent =
  | ContainerEvent
  /** Events flow from here on: list again now. */
  | { type: 'connected'; at: Time }
  /** Said once a gap; `connected` ends it. */
  | { type: 'disconnected'; at: Time; reason: string };
