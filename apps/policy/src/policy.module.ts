import { Module, type DynamicModule } from '@nestjs/common';
import { CheckController } from './check.controller.js';
import { Archive } from './commands/archive.js';
import { Claims } from './commands/claims.service.js';
import { CommandsController } from './commands/commands.controller.js';
import { Commands } from './commands/commands.service.js';
import { NodeArchive } from './commands/node-archive.js';
import { NodeCommandsController } from './commands/node-commands.controller.js';
import { NodeCommands } from './commands/node-commands.service.js';
import { RebalanceController } from './commands/rebalance.controller.js';
import { Removal } from './removal.service.js';
import { DEFAULT_SETTINGS, SETTINGS, type PolicySettings } from './settings.js';

/** Takes commands in, refuses or accepts them, and keeps what is wanted. */
@Module({})
export class PolicyModule {
  static with(settings: Partial<PolicySettings> = {}): DynamicModule {
    return {
      module: PolicyModule,
      controllers: [CommandsController, NodeCommandsController, RebalanceController, CheckController],
      providers: [
        Archive,
        Claims,
        Commands,
        NodeArchive,
        NodeCommands,
        Removal,
        { provide: SETTINGS, useValue: { ...DEFAULT_SETTINGS, ...settings } },
      ],
    };
  }
}
