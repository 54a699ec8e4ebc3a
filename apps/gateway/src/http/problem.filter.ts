import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { messageOf, TuttiError } from '@tutti/model';
import type { FastifyReply } from 'fastify';
import { problem, STATUS_OF, type Problem } from '../core/problem.js';

/** A request that could not be read, or whose parameters are wrong. */
export class BadRequest extends TuttiError {
  constructor(message: string, faults: TuttiError['faults'] = []) {
    super('invalid', message, faults);
  }
}

/** Answers every error as problem details. What nobody foresaw is logged and not shown. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('gateway');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const details = problemOf(error);
    if (details.status === 500) this.logger.error(messageOf(error), error instanceof Error ? error.stack : undefined);
    sendProblem(reply, details);
  }
}

export function sendProblem(reply: FastifyReply, details: Problem): void {
  if (reply.sent) return;
  if (details.status === 401) reply.header('www-authenticate', 'Bearer');
  if (details.status === 503) reply.header('retry-after', '1');
  void reply.status(details.status).header('content-type', 'application/problem+json').send(JSON.stringify(details));
}

/** Names of what the NATS client throws when the bus is away or does not answer. */
const BUS_ERRORS =
  /^(Timeout|NoResponders|Connection|ClosedConnection|DrainingConnection|Request|Protocol|JetStream\w*|ConsumerNotFound|StreamNotFound)Error$/;

export function problemOf(error: unknown): Problem {
  if (error instanceof BadRequest) return problem(400, error.message, error.faults);
  if (error instanceof TuttiError) return problem(STATUS_OF[error.code], error.message, error.faults);
  const status = statusOf(error);
  if (status === 404) return problem(404, 'there is nothing at this address; /openapi.json lists what there is');
  if (status !== undefined && status < 500) return problem(status, messageOf(error));
  if (error instanceof Error && BUS_ERRORS.test(error.name)) {
    return problem(503, `the bus did not answer (${error.message}); try again, and see that nats-server runs`);
  }
  return problem(500, 'the gateway failed on this request; its log says why');
}

/** The status that Nest or Fastify gives its own errors. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : undefined;
}
