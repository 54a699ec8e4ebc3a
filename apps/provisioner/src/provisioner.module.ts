import { Module, type DynamicModule } from '@nestjs/common';
import { Agent, SETTINGS } from './agent.service.js';
import type { Settings } from './settings.js';

/** The agent of one node. */
@Module({})
export class ProvisionerModule {
  static with(settings: Settings): DynamicModule {
    return { module: ProvisionerModule, providers: [Agent, { provide: SETTINGS, useValue: settings }] };
  }
}
