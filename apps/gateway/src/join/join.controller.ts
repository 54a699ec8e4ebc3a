import { Body, Controller, ForbiddenException, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { isUserKey, NodeSigner } from '@tutti/bus';
import { messageOf, TuttiError, type JoinAnswer, type TokenAnswer } from '@tutti/model';
import { IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { bearerOf } from '../http/auth.js';
import { IsName } from '../http/validation.js';
import { RecordReader } from '../records.service.js';
import { ENTRANCE, type Entrance } from './entrance.js';
import { readInvitation, writeInvitation } from './invitation.js';

const YEAR_MS = 366 * 24 * 3_600_000;

export class TokenBody {
  /** How long it holds, in milliseconds; absent: for ever. */
  @IsOptional()
  @IsInt()
  @Min(1000)
  @Max(YEAR_MS)
  ttlMs?: number;
}

export class JoinBody {
  @IsName()
  node!: string;

  /** The public half of a key that the node has made. */
  @ValidateBy({
    name: 'isUserKey',
    validator: {
      validate: (value) => typeof value === 'string' && isUserKey(value),
      defaultMessage: () => '$property has to be the public nkey of a user, U…',
    },
  })
  key!: string;
}

/** How a host becomes a node: with a token, and with a key whose secret half never leaves it. */
@Controller('v1')
export class JoinController {
  constructor(
    private readonly records: RecordReader,
    @Inject(ENTRANCE) private readonly entrance: Entrance | undefined,
  ) {}

  @Post('tokens')
  token(@Body() { ttlMs }: TokenBody = {}): TokenAnswer {
    const { secret, endpoint } = this.open();
    const expiresAt = ttlMs === undefined ? undefined : Date.now() + ttlMs;
    return {
      token: writeInvitation({ ...(expiresAt !== undefined && { expiresAt }) }, secret),
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
      ...(endpoint !== undefined && { endpoint }),
    };
  }

  @Post('join')
  @HttpCode(200)
  async join(
    @Headers('authorization') authorization: string | undefined,
    @Body() { node, key }: JoinBody,
  ): Promise<JoinAnswer> {
    const { cluster, servers, secret, signing } = this.open();
    this.admit(bearerOf(authorization) ?? '', secret);
    if ((await this.records.aliveNodes()).has(node)) {
      throw new TuttiError('conflict', `there is a node ${node} already: choose another name with --name`);
    }
    return { node, cluster, servers, pass: await new NodeSigner(signing).sign(node, key) };
  }

  /** Refused as forbidden: who shows the wrong token here is told what is wrong with it. */
  private admit(token: string, secret: string): void {
    try {
      readInvitation(token, secret, Date.now());
    } catch (error) {
      throw new ForbiddenException(messageOf(error));
    }
  }

  private open(): Entrance {
    if (this.entrance) return this.entrance;
    throw new TuttiError('unavailable', 'this gateway was not told how to let nodes in: give it TUTTI_JOIN_FILE');
  }
}
