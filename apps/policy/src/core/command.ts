import type {
  ApplicationSpec,
  AppRecord,
  CommandVerb,
  Content,
  Fault,
  OutcomeRecord,
  RevisionRecord,
  RolloutRecord,
} from '@tutti/model';
import type { NamedContent } from './contents.js';

/** Which command it is, known even where nothing else in it can be read. */
export interface CommandHead {
  namespace: string;
  /** The command's id; a token of a key. */
  command: string;
  verb: CommandVerb;
  /** Absent where the command names none, or not by a name. */
  app?: string;
}

/** A specification that has been admitted, with what was found on the way. */
export interface Admitted {
  spec: ApplicationSpec;
  /** What is in the configs and secrets that the spec names by their digests; never part of an answer. */
  contents: Content[];
  digests: Record<string, string>;
  ignored: Fault[];
  findings: Fault[];
}

/** What each verb asks for. */
export interface Requests {
  deploy: Admitted & { expectGeneration?: number };
  scale: { services: Record<string, number> };
  rollback: { to?: number };
  restart: { service?: string };
  promote: { service?: string; all?: boolean };
  abort: object;
  remove: object;
}

/** A command that could be read in full. */
export type Command = {
  [Verb in CommandVerb]: CommandHead & { verb: Verb; app: string; request: Requests[Verb] };
}[CommandVerb];

export type CommandOf<Verb extends CommandVerb> = Extract<Command, { verb: Verb }>;

/** All that a decision rests on, as of one moment. */
export interface Known {
  app?: AppRecord;
  /** In no particular order. */
  revisions: RevisionRecord[];
  outcome?: OutcomeRecord;
  rollout?: RolloutRecord;
}

/** What is to be written, all at once. */
export interface Decision {
  outcome: OutcomeRecord;
  app?: { record: AppRecord; event: 'created' | 'changed' | 'removing' };
  revision?: RevisionRecord;
  /** Revisions to let go. */
  trimmed: number[];
  /** What is in configs and secrets of the revision and is not kept yet. */
  contents: Content[];
  /** What was in those that no revision names any more. */
  dropped: NamedContent[];
}

/** What a verb makes of a command: reasons against it, or what changes; neither where all is as asked already. */
export type Verdict =
  | { reasons: Fault[] }
  | {
      reasons?: undefined;
      app?: AppRecord;
      event?: 'created' | 'changed' | 'removing';
      revision?: RevisionRecord;
      contents?: Content[];
    };

/** A refusal for one reason. */
export function because(message: string, path?: string): { reasons: Fault[] } {
  return { reasons: [path === undefined ? { message } : { path, message }] };
}
