import {
  DiscardPolicy,
  PersistMode,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { DEAD_TRANSFORM, EVENT_TRANSFORMS, STATE_BUCKET, subjects } from './subjects.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Names of the streams. STATE is a KV bucket, whose stream's name the KV convention fixes. */
export const STREAM = {
  commands: 'COMMANDS',
  state: `KV_${STATE_BUCKET}`,
  events: 'EVENTS',
  leases: 'LEASES',
  logs: 'LOGS',
  samples: 'SAMPLES',
  dead: 'DEAD',
} as const;
export type StreamName = (typeof STREAM)[keyof typeof STREAM];

/** The largest command, record or event, in bytes; NATS's own default for a message. */
export const MAX_MESSAGE_BYTES = MIB;

/** An atomic batch holds at most this many messages (ADR-50 of NATS). */
export const MAX_BATCH = 1000;

/** How long the marker of a removed key stays, so that a reader that was away for less still learns of the removal. */
export const REMOVED_MARKER_MS = 60 * MINUTE;

type Config = Partial<StreamConfig> & { name: StreamName };

/** Every stream with its bound; the comment over each says what happens when it is full. */
export const STREAMS: readonly Config[] = [
  {
    // Full: the publish is refused, so a command is never acknowledged and then lost.
    name: STREAM.commands,
    subjects: [subjects.commands],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs: 100_000,
    max_bytes: GIB,
    max_msg_size: MAX_MESSAGE_BYTES,
    duplicate_window: nanos(10 * MINUTE),
  },
  {
    // Full: writes are refused and the writer says so; the truth is never thrown away to make room.
    // Several values a key are kept so that the copy into EVENTS misses none that is quickly replaced
    // (measured: with 8, ten of 500 writes to one key at full speed were gone before they were copied).
    name: STREAM.state,
    subjects: [subjects.state('>')],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 64,
    max_bytes: 8 * GIB,
    max_msg_size: MAX_MESSAGE_BYTES,
    allow_rollup_hdrs: true,
    allow_direct: true,
    allow_atomic: true,
    allow_msg_ttl: true,
    deny_delete: true,
  },
  {
    // Full: the oldest history goes first. Written asynchronously: what a crash costs is copied from STATE again.
    name: STREAM.events,
    storage: StorageType.File,
    persist_mode: PersistMode.Async,
    discard: DiscardPolicy.Old,
    max_age: nanos(90 * DAY),
    max_bytes: 4 * GIB,
    compression: StoreCompression.S2,
    sources: [
      { name: STREAM.state, subject_transforms: Object.values(EVENT_TRANSFORMS) },
      { name: STREAM.dead, subject_transforms: [DEAD_TRANSFORM] },
    ],
  },
  {
    // One message a holder. Not in memory: a memory stream is gone, configuration and all, with its server.
    name: STREAM.leases,
    subjects: [subjects.leases],
    storage: StorageType.File,
    persist_mode: PersistMode.Async,
    max_msgs_per_subject: 1,
    max_bytes: 16 * MIB,
    allow_msg_ttl: true,
    subject_delete_marker_ttl: nanos(MINUTE),
    allow_rollup_hdrs: true,
    allow_direct: true,
  },
  {
    // Full: the oldest lines go first. Written asynchronously: a power cut may cost the last lines.
    name: STREAM.logs,
    subjects: ['tutti.logs.>'],
    storage: StorageType.File,
    persist_mode: PersistMode.Async,
    discard: DiscardPolicy.Old,
    max_age: nanos(7 * DAY),
    max_bytes: 2 * GIB,
    max_msgs_per_subject: 100_000,
    compression: StoreCompression.S2,
    allow_direct: true,
  },
  {
    // Samples are read at once and summed up elsewhere; what is lost in a power cut is one interval.
    name: STREAM.samples,
    subjects: [subjects.samples('>')],
    storage: StorageType.File,
    persist_mode: PersistMode.Async,
    discard: DiscardPolicy.Old,
    max_age: nanos(15 * MINUTE),
    max_bytes: 64 * MIB,
  },
  {
    // Full: the oldest of what nobody could read goes first.
    name: STREAM.dead,
    subjects: ['tutti.dead.>'],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(30 * DAY),
    max_bytes: 256 * MIB,
  },
];
