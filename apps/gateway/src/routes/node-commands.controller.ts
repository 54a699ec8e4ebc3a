import { Body, Controller, Delete, Headers, Param, Post, Query, Res } from '@nestjs/common';
import { subjects } from '@tutti/bus';
import { CLUSTER_NAMESPACE, type NodeVerb, type OutcomeRecord } from '@tutti/model';
import type { FastifyReply } from 'fastify';
import { Replies } from '../commands/replies.js';
import type { Accepted } from '../commands/sender.js';
import { nodeOf } from '../http/validation.js';
import { CommandQuery, NodeBody } from './queries.js';

/** What a request says beside its verb. */
interface Request {
  node: string;
  key: string | undefined;
  query: CommandQuery;
  body: NodeBody | undefined;
  reply: FastifyReply;
}

/** Commands on nodes in, over HTTP. */
@Controller('v1/nodes/:node')
export class NodeCommandsController {
  constructor(private readonly replies: Replies) {}

  @Post('drain')
  drain(
    @Param('node') node: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: NodeBody | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('drain', { node, key, query, body, reply });
  }

  @Post('cordon')
  cordon(
    @Param('node') node: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: NodeBody | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('cordon', { node, key, query, body, reply });
  }

  @Post('uncordon')
  uncordon(
    @Param('node') node: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: NodeBody | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('uncordon', { node, key, query, body, reply });
  }

  @Post('lose')
  lose(
    @Param('node') node: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: NodeBody | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('lose', { node, key, query, body, reply });
  }

  @Delete()
  remove(
    @Param('node') node: string,
    @Headers('idempotency-key') key: string | undefined,
    @Query() query: CommandQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    return this.send('remove', { node, key, query, body: undefined, reply });
  }

  private send(verb: NodeVerb, { node, key: id, query, body, reply }: Request): Promise<Accepted | OutcomeRecord> {
    const about = { node: nodeOf(node) };
    const sending = { namespace: CLUSTER_NAMESPACE, about, verb, subject: subjects.nodeCommand(verb) };
    return this.replies.answer({ ...sending, body: { ...body }, id }, { query, reply });
  }
}
