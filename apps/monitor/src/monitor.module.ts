import { Module, type DynamicModule } from '@nestjs/common';
import { NodeWatch } from './node-watch.service.js';
import { DEFAULT_SETTINGS, SETTINGS, type MonitorSettings } from './settings.js';
import { TaskWatch } from './task-watch.service.js';

export type { MonitorSettings } from './settings.js';

/** Judges the health of tasks and nodes, and records an incident for every failure. */
@Module({})
export class MonitorModule {
  static with(settings: Partial<MonitorSettings> = {}): DynamicModule {
    return {
      module: MonitorModule,
      providers: [TaskWatch, NodeWatch, { provide: SETTINGS, useValue: { ...DEFAULT_SETTINGS, ...settings } }],
    };
  }
}
