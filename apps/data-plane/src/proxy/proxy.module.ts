import { Module, type DynamicModule } from '@nestjs/common';
import { ProxyService, SETTINGS } from './proxy.service.js';
import type { Settings } from './settings.js';

/** The proxy of one node. */
@Module({})
export class ProxyModule {
  static with(settings: Settings): DynamicModule {
    return { module: ProxyModule, providers: [ProxyService, { provide: SETTINGS, useValue: settings }] };
  }
}
