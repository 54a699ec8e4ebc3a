import { Module, type DynamicModule } from '@nestjs/common';
import { MeteringService } from './metering.service.js';
import { DEFAULT_SETTINGS, SETTINGS, type MeteringSettings } from './settings.js';

/** Sums up the time, CPU and memory that each task has used. */
@Module({})
export class MeteringModule {
  static with(settings: Partial<MeteringSettings> = {}): DynamicModule {
    const value = { ...DEFAULT_SETTINGS, ...settings };
    return { module: MeteringModule, providers: [MeteringService, { provide: SETTINGS, useValue: value }] };
  }
}
