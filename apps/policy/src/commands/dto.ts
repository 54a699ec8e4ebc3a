import {
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  registerDecorator,
  ValidateBy,
  type ValidationOptions,
} from 'class-validator';
import { isName, MAX_MOVES, NAME_RULE } from '@tutti/model';
import { MAX_REPLICAS } from '../core/admission.js';

/** A name as the whole platform has them. */
export function IsName(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isName',
      validator: { validate: isName, defaultMessage: () => `$property is not a name: ${NAME_RULE}` },
    },
    options,
  );
}

/** Service names to how many tasks each shall have. */
function IsScale(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: 'isScale',
      target: target.constructor,
      propertyName: String(propertyName),
      validator: {
        validate: (value: unknown) => scaleFaults(value).length === 0,
        defaultMessage: (given) => scaleFaults(given?.value).join('\n'),
      },
    });
}

function scaleFaults(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return ['services has to be an object such as {"web": 3}'];
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return ['services names none: write it as {"web": 3}'];
  return entries.flatMap(([name, replicas]) => {
    const at = `services.${name.slice(0, 80)}`;
    const counted = Number.isInteger(replicas) && Number(replicas) >= 0 && Number(replicas) <= MAX_REPLICAS;
    const named: boolean = isName(name);
    return [
      ...(named ? [] : [`${at} is not a name: ${NAME_RULE}`]),
      ...(counted ? [] : [`${at} has to be a whole number from 0 to ${MAX_REPLICAS}`]),
    ];
  });
}

/** What every command says. */
export class CommandDto {
  @IsName()
  app!: string;
}

export class DeployDto extends CommandDto {
  /** A Compose file. */
  @IsOptional()
  @IsString()
  compose?: string;

  /** An ApplicationSpec; what it leaves out has the defaults of Compose. */
  @IsOptional()
  @IsObject()
  spec?: Record<string, unknown>;

  /** Refused where the application was asked for something else since; 0: where it is there at all. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  expectGeneration?: number;
}

export class ScaleDto extends CommandDto {
  @IsScale()
  services!: Record<string, number>;
}

export class RollbackDto extends CommandDto {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  to?: number;
}

export class RestartDto extends CommandDto {
  @IsOptional()
  @IsName()
  service?: string;
}

export class PromoteDto extends CommandDto {
  /** Absent: every service that has a new version. */
  @IsOptional()
  @IsName()
  service?: string;

  /** To the last step, not to the next. */
  @IsOptional()
  @IsBoolean()
  all?: boolean;
}

export class AbortDto extends CommandDto {}

export class RemoveDto extends CommandDto {}

/** What every command on a node says. */
export class NodeDto {
  @IsName()
  node!: string;

  /** Why, for those who wonder later. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** How tasks are to be spread: at once, or by itself whenever a node joins. */
export class RebalanceDto {
  /** How many tasks are moved at most: now, or with `automatic` from now on. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_MOVES)
  most?: number;

  /** Sets whether it is done by itself, and does nothing at once. */
  @IsOptional()
  @IsBoolean()
  automatic?: boolean;
}

/** The question whether a deploy would be accepted. */
export class CheckDto extends DeployDto {
  @IsName()
  namespace!: string;
}
