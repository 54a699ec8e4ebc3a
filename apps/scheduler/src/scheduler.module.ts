import { Module } from '@nestjs/common';
import { PlanController } from './shell/plan.controller.js';
import { RebalanceController } from './shell/rebalance.controller.js';
import { Reconciler } from './shell/reconciler.js';

@Module({ controllers: [PlanController, RebalanceController], providers: [Reconciler] })
export class SchedulerModule {}
