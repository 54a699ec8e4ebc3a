import { Module, type DynamicModule } from '@nestjs/common';
import type { Addressing } from '@tutti/model';
import { EndpointsService } from './endpoints.service.js';
import { LookupController } from './lookup.controller.js';
import { DiscoveryOffice } from './office.js';
import { ADDRESSING, RangesService } from './ranges.service.js';
import { RoutesService } from './routes.service.js';

@Module({
  controllers: [LookupController],
  providers: [DiscoveryOffice, EndpointsService, RoutesService, RangesService],
})
export class ServiceDiscoveryModule {
  static with(addressing: Addressing): DynamicModule {
    return { module: ServiceDiscoveryModule, providers: [{ provide: ADDRESSING, useValue: addressing }] };
  }
}
