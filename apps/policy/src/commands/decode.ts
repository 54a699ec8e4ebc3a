import type { ClassConstructor } from 'class-transformer';
import { isName, type CommandVerb, type Fault, type Resources } from '@tutti/model';
import type { Command, CommandHead, Requests } from '../core/command.js';
import { admit, type Submitted } from './admit.js';
import {
  AbortDto,
  type CommandDto,
  DeployDto,
  PromoteDto,
  RemoveDto,
  RestartDto,
  RollbackDto,
  ScaleDto,
} from './dto.js';
import { namespaceFaults } from './identity.js';
import { validated } from './validate.js';

const DTOS: Record<CommandVerb, ClassConstructor<CommandDto>> = {
  deploy: DeployDto,
  scale: ScaleDto,
  rollback: RollbackDto,
  restart: RestartDto,
  promote: PromoteDto,
  abort: AbortDto,
  remove: RemoveDto,
};

/** A command, or what is known of it and every reason why it is none. */
export type Decoded = { command: Command } | { head: CommandHead; faults: Fault[] };

/** Reads the body of a command. Never throws for what somebody wrote, since they are owed an outcome. */
export async function decode(head: CommandHead, body: unknown, defaults: Resources): Promise<Decoded> {
  const { value, faults: wrong } = await validated(DTOS[head.verb], body);
  const faults: Fault[] = [...namespaceFaults(head.namespace), ...wrong];
  const { app, ...request } = value as Partial<CommandDto> & Submitted & Pick<Requests['deploy'], 'expectGeneration'>;
  // The specification is read even where the rest is wrong, so that all that is wrong is said at once.
  const submitted =
    head.verb === 'deploy' && wrong.every(({ path }) => path === 'app') ? admit(request, defaults) : undefined;
  if (submitted && 'faults' in submitted) faults.push(...submitted.faults);
  const named = { ...head, ...(isName(app) && { app }) };
  if (faults.length > 0) return { head: named, faults };
  const { expectGeneration } = request;
  const wanted = submitted && { ...submitted, ...(expectGeneration !== undefined && { expectGeneration }) };
  return { command: { ...named, request: wanted ?? request } as Command };
}
