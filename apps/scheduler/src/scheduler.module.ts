import { Module } from '@nestjs/common';
import { PlanController } from './shell/plan.controller.js';
import { Reconciler } from './shell/reconciler.js';

@Module({ controllers: [PlanController], providers: [Reconciler] })
export class SchedulerModule {}
