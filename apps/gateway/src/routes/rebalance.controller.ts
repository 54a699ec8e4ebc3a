import { Body, Controller, Get, Headers, Inject, Post, Query, Res } from '@nestjs/common';
import { ask, BUS, filters, keys, subjects, type Connection } from '@tutti/bus';
import { CLUSTER_NAMESPACE, NO_REBALANCE, type Move, type OutcomeRecord, type RebalanceAnswer } from '@tutti/model';
import type { FastifyReply } from 'fastify';
import { Replies } from '../commands/replies.js';
import type { Accepted } from '../commands/sender.js';
import { begunMoves } from '../core/present/moves.js';
import { RecordReader } from '../records.service.js';
import { CommandQuery, RebalanceBody, RebalanceQuery } from './queries.js';

/** How tasks are spread over the nodes. */
@Controller('v1/rebalance')
export class RebalanceController {
  constructor(
    private readonly replies: Replies,
    private readonly records: RecordReader,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  @Get()
  async proposed(@Query() { most }: RebalanceQuery): Promise<RebalanceAnswer> {
    const [{ rebalance, moves }, { moves: proposed }] = await Promise.all([
      this.records.read(filters.one(keys.rebalance()), filters.one(keys.moves())),
      ask<{ moves: Move[] }>(this.bus, subjects.rpc('scheduler', 'moves'), most === undefined ? {} : { most }),
    ]);
    const { automatic, most: bound } = rebalance[0] ?? NO_REBALANCE;
    const [last] = moves;
    if (!last) return { automatic, most: bound, proposed, last: null };
    const { answers, at } = last;
    const begun = begunMoves(last.moves, (await this.records.read(...tasksOf(last.moves))).task);
    return {
      ...{ automatic, most: bound, proposed },
      last: { ...(answers !== undefined && { answers }), moves: begun, at },
    };
  }

  @Post()
  rebalance(
    @Headers('idempotency-key') id: string | undefined,
    @Query() query: CommandQuery,
    @Body() body: RebalanceBody | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted | OutcomeRecord> {
    const sending = {
      namespace: CLUSTER_NAMESPACE,
      about: {},
      verb: 'rebalance',
      subject: subjects.rebalanceCommand(),
    };
    return this.replies.answer({ ...sending, body: { ...body }, id }, { query, reply });
  }
}

/** Only the tasks that were moved; one that is gone has no record. */
const tasksOf = (moves: readonly Move[]): ReturnType<typeof filters.one<'task'>>[] =>
  moves.map(({ from, ...move }) => filters.one(keys.task({ ...move, node: from })));
