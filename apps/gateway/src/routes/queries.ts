import { MAX_MOVES, parseDuration, USAGE_BY, type UsageBy } from '@tutti/model';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  type ValidationOptions,
} from 'class-validator';
import { IsMoment, IsName } from '../http/validation.js';

/** `true`, `1` or nothing after the name; `false` or `0`. Anything else is refused by `IsBoolean`. */
const Flag = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => {
    if (value === '' || value === 'true' || value === '1') return true;
    return value === 'false' || value === '0' ? false : value;
  });

const Whole = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value,
  );

function IsDuration(options?: ValidationOptions): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && durationOf(value) !== undefined;
  const defaultMessage = (): string => '$property has to be a duration from 1s to 10m, such as 30s';
  return ValidateBy({ name: 'isDuration', validator: { validate, defaultMessage } }, options);
}

/** Milliseconds of a duration that a request may take; undefined for what is none. */
export function durationOf(text: string): number | undefined {
  try {
    const ms = parseDuration(text);
    return ms >= 1000 && ms <= 600_000 ? ms : undefined;
  } catch {
    return undefined;
  }
}

const TASK_PREFIX = /^[0-9a-f]{1,12}$/;

export class CommandQuery {
  /** Whether to answer with the outcome rather than the command's id. */
  @IsOptional() @Flag() @IsBoolean() wait?: boolean;
  /** How long to wait at most. */
  @IsOptional() @IsDuration() timeout?: string;
}

export class DeployQuery extends CommandQuery {
  /** What a plan is called: the deploy is refused where it would do anything else. */
  @IsOptional()
  @Matches(/^[0-9a-f]{12}$/, { message: 'plan is what `tutti plan` prints: 12 hexadecimal digits' })
  plan?: string;
}

export class ScopeQuery {
  @IsOptional() @IsName() namespace?: string;
  @IsOptional() @IsName() app?: string;
}

export class TasksQuery extends ScopeQuery {
  @IsOptional() @IsName() service?: string;
  @IsOptional() @IsName() node?: string;
  @IsOptional() @Matches(/^[a-z]{1,20}$/, { message: '$property has to be a state such as running' }) state?: string;
  /** Tasks that have ended, too. */
  @IsOptional() @Flag() @IsBoolean() all?: boolean;
}

export class IncidentsQuery extends ScopeQuery {
  @IsOptional() @Flag() @IsBoolean() open?: boolean;
}

export class UsageQuery {
  @IsOptional() @IsIn(USAGE_BY) by?: UsageBy;
  @IsOptional() @IsMoment() from?: string;
  @IsOptional() @IsMoment() to?: string;
  @IsOptional() @IsName() namespace?: string;
  @IsOptional() @IsName() app?: string;
}

export class EventsQuery extends ScopeQuery {
  /** `task.failed`, or the whole type `dev.tutti.task.failed`. */
  @IsOptional()
  @Matches(/^(dev\.tutti\.)?[a-z]{1,20}\.[a-z]{1,20}$/, { message: '$property has to be a type such as task.failed' })
  type?: string;
  @IsOptional()
  @Matches(/^[a-z]{1,20}$/, { message: '$property has to be a resource such as rollout' })
  resource?: string;
  @IsOptional() @IsMoment() since?: string;
  /** The sequence of the last event that is known already. */
  @IsOptional() @Whole() @IsInt() @Min(0) after?: number;
  @IsOptional() @Whole() @IsInt() @Min(1) @Max(10_000) limit?: number;
  @IsOptional() @Flag() @IsBoolean() follow?: boolean;
}

export class LogsQuery {
  @IsOptional() @IsName() service?: string;
  @IsOptional()
  @Matches(TASK_PREFIX, { message: '$property has to be the id of a task or its beginning' })
  task?: string;
  @IsOptional() @Whole() @IsInt() @Min(0) @Max(10_000) tail?: number;
  @IsOptional() @IsMoment() since?: string;
  @IsOptional() @Flag() @IsBoolean() follow?: boolean;
}

export class NamespaceQuery {
  @IsOptional() @IsName() namespace?: string;
}

export class ScaleBody {
  /** Service names to how many tasks each shall have. */
  @IsObject({ message: 'services has to be an object such as {"web": 3}' }) services!: Record<string, number>;
}

export class RollbackBody {
  /** The revision to go back to; absent: the one before. */
  @IsOptional() @IsInt() @Min(1) to?: number;
}

/** Of a command on a node; nothing has to be said. */
export class NodeBody {
  /** Why, for those who wonder later. */
  @IsOptional() @IsString() @MaxLength(500) reason?: string;
}

export class RebalanceQuery {
  /** How many moves to propose at most. */
  @IsOptional() @Whole() @IsInt() @Min(1) @Max(MAX_MOVES) most?: number;
}

/** Nothing said means: at once, as many as are usual. */
export class RebalanceBody {
  /** How many tasks are moved at most: now, or with `automatic` from now on. */
  @IsOptional() @IsInt() @Min(1) @Max(MAX_MOVES) most?: number;
  /** Sets whether it is done by itself when a node joins, and does nothing at once. */
  @IsOptional() @IsBoolean() automatic?: boolean;
}

export class PromoteBody {
  /** Absent: every service that has a new version. */
  @IsOptional() @IsName() service?: string;
  /** To the last step, not to the next. */
  @IsOptional() @IsBoolean() all?: boolean;
}

export class RestartBody {
  /** Absent: every service. */
  @IsOptional() @IsName() service?: string;
}
