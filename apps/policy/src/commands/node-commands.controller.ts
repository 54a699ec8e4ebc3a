import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { JetStreamContext, subjects } from '@tutti/bus';
import { NodeCommands } from './node-commands.service.js';

/** What people want of nodes, in. */
@Controller()
export class NodeCommandsController {
  constructor(private readonly commands: NodeCommands) {}

  @EventPattern<string>(subjects.nodeCommandPattern('cordon'))
  cordon(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('cordon', body, context);
  }

  @EventPattern<string>(subjects.nodeCommandPattern('drain'))
  drain(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('drain', body, context);
  }

  @EventPattern<string>(subjects.nodeCommandPattern('uncordon'))
  uncordon(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('uncordon', body, context);
  }

  @EventPattern<string>(subjects.nodeCommandPattern('lose'))
  lose(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('lose', body, context);
  }

  @EventPattern<string>(subjects.nodeCommandPattern('remove'))
  remove(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('remove', body, context);
  }
}
