import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { subjects } from '@tutti/bus';
import { invalid, MAX_MOVES, type Move } from '@tutti/model';
import { Reconciler } from './reconciler.js';

/** Answers what would be moved to spread tasks more evenly. */
@Controller()
export class RebalanceController {
  constructor(private readonly reconciler: Reconciler) {}

  @MessagePattern(subjects.rpc('scheduler', 'moves'))
  async moves(@Payload() { most }: { most?: unknown }): Promise<{ moves: Move[] }> {
    if (most !== undefined && !(typeof most === 'number' && Number.isInteger(most) && most >= 1 && most <= MAX_MOVES)) {
      throw invalid(`most has to be a whole number from 1 to ${MAX_MOVES}`);
    }
    return { moves: await this.reconciler.rebalancer.propose(most) };
  }
}
