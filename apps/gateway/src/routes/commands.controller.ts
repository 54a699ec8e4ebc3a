import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { BUS, get, keys, subjects, type Connection } from '@tutti/bus';
import { Inject } from '@nestjs/common';
import {
  isCommandId,
  notFound,
  TuttiError,
  type AppRef,
  type CommandVerb,
  type OutcomeRecord,
  type PlanAnswer,
} from '@tutti/model';
import type { FastifyReply } from 'fastify';
import type { Accepted } from '../commands/sender.js';
import { Replies } from '../commands/replies.js';
import { Plans } from '../commands/plans.js';
import { Submissions, submissionOf, type Submission } from '../commands/submission.js';
import { BadRequest } from '../http/problem.filter.js';
import { namespaceOf, refOf } from '../http/validation.js';
import { CommandQuery, DeployQuery, PromoteBody, RestartBody, RollbackBody, ScaleBody } from './queries.js';

/** What a request says beside what it wants. */
interface Request {
  namespace: string;
  app: string;
  key: string | undefined;
  query: CommandQuery;
  reply: FastifyReply;
}

/** Commands in, over HTTP. */
@Controller('v1')
export class CommandsController {
  constructor(
    private readonly replies: Replies,
    private readonly submissions: Submissions,
    private readonly plans: Plans,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  @Put('apps/:namespace/:app')
  async deploy(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: DeployQuery,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    const ref = refOf(namespace, app);
    const submission = submissionOf(body);
    const expected = query.plan === undefined ? {} : await this.planned(ref, { submission, plan: query.plan });
    if (query.plan === undefined) await this.submissions.refuseFaulty(ref, submission);
    return this.send('deploy', { ...submission, ...expected }, { ...ref, key, query, reply });
  }

  @Post('apps/:namespace/:app/plan')
  @HttpCode(200)
  async plan(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Body() body: unknown,
  ): Promise<PlanAnswer> {
    return this.plans.of(refOf(namespace, app), submissionOf(body));
  }

  /** @throws TuttiError `conflict` where a deploy would not do any more what was planned */
  private async planned(
    ref: AppRef,
    { submission, plan }: { submission: Submission; plan: string },
  ): Promise<{ expectGeneration: number }> {
    const now = await this.plans.of(ref, submission);
    if (now.plan === plan) return { expectGeneration: now.generation };
    throw new TuttiError(
      'conflict',
      `the cluster or the file has changed since plan ${plan}: a deploy would now be plan ${now.plan}; look at it with tutti plan`,
    );
  }

  @Delete('apps/:namespace/:app')
  remove(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('remove', {}, { namespace, app, key, query, reply });
  }

  @Post('apps/:namespace/:app/scale')
  scale(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: ScaleBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('scale', { services: body.services }, { namespace, app, key, query, reply });
  }

  @Post('apps/:namespace/:app/rollback')
  rollback(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: RollbackBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('rollback', { ...body }, { namespace, app, key, query, reply });
  }

  @Post('apps/:namespace/:app/restart')
  restart(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: RestartBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('restart', { ...body }, { namespace, app, key, query, reply });
  }

  @Post('apps/:namespace/:app/promote')
  promote(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: PromoteBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('promote', { ...body }, { namespace, app, key, query, reply });
  }

  @Post('apps/:namespace/:app/abort')
  abort(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('abort', {}, { namespace, app, key, query, reply });
  }

  @Get('outcomes/:namespace/:command')
  async outcome(@Param('namespace') namespace: string, @Param('command') command: string): Promise<OutcomeRecord> {
    if (!isCommandId(command))
      throw new BadRequest('this is no id of a command: use what the command was answered with');
    const entry = await get(this.bus, keys.outcome({ namespace: namespaceOf(namespace), command }));
    if (entry) return entry.record;
    throw notFound(`the command ${command} is not decided yet, or there is none: ask again`);
  }

  private send(
    verb: CommandVerb,
    body: object,
    { namespace: within, app: named, key: id, query, reply }: Request,
  ): Promise<Accepted | OutcomeRecord> {
    const { namespace, app } = refOf(within, named);
    const subject = subjects.command(namespace, verb);
    return this.replies.answer({ namespace, about: { app }, verb, subject, body, id }, { query, reply });
  }
}
