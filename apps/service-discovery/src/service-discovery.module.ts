import { Module } from '@nestjs/common';
import { EndpointsService } from './endpoints.service.js';
import { LookupController } from './lookup.controller.js';

@Module({ controllers: [LookupController], providers: [EndpointsService] })
export class ServiceDiscoveryModule {}
