import { Module } from '@nestjs/common';
import { EndpointsService } from './endpoints.service.js';
import { LookupController } from './lookup.controller.js';
import { DiscoveryOffice } from './office.js';
import { RoutesService } from './routes.service.js';

@Module({ controllers: [LookupController], providers: [DiscoveryOffice, EndpointsService, RoutesService] })
export class ServiceDiscoveryModule {}
