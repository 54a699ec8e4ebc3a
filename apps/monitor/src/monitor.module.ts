import { Module } from '@nestjs/common';
import { Monitor } from './monitor.service.js';

/** Judges the health of tasks, and records an incident for every failure of a task or a node. */
@Module({ providers: [Monitor] })
export class MonitorModule {}
