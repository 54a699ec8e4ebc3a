import type { Availability, AvailabilityRecord, Liveness, NodeVerb, OutcomeRecord } from '@tutti/model';

/** Which command it is, known even where nothing else in it can be read. */
export interface NodeCommandHead {
  namespace: string;
  /** The command's id; a token of a key. */
  command: string;
  verb: NodeVerb;
  /** Absent where the command names none, or not by a name. */
  node?: string;
}

/** A command on a node that could be read in full. */
export interface NodeCommand extends NodeCommandHead {
  node: string;
  /** Why, in the words of whoever asked. */
  reason?: string;
}

/** All that a decision about a node rests on, as of one moment. */
export interface KnownNode {
  /** Absent where there is no such node, or it was removed for good. */
  node?: {
    /** What counts, see `availabilityOf`. */
    availability: Availability;
    /** Absent: nobody has judged it yet. */
    liveness?: Liveness;
    /** Tasks that it has promised room to. */
    tasks: number;
  };
  /** What was asked of it last. */
  wanted?: AvailabilityRecord;
  /** The nodes that there are. */
  names: string[];
  outcome?: OutcomeRecord;
}

/** What is to be written, all at once. */
export interface NodeDecision {
  outcome: OutcomeRecord;
  availability?: AvailabilityRecord;
}
