import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { JetStreamContext, subjects } from '@tutti/bus';
import { Commands } from './commands.service.js';

/** What people want, in. */
@Controller()
export class CommandsController {
  constructor(private readonly commands: Commands) {}

  @EventPattern<string>(subjects.commandPattern('deploy'))
  deploy(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('deploy', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('scale'))
  scale(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('scale', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('rollback'))
  rollback(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('rollback', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('restart'))
  restart(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('restart', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('promote'))
  promote(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('promote', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('abort'))
  abort(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('abort', body, context);
  }

  @EventPattern<string>(subjects.commandPattern('remove'))
  remove(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    return this.commands.handle('remove', body, context);
  }
}
