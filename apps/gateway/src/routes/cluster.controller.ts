import { Controller, Get, Query } from '@nestjs/common';
import { filters } from '@tutti/bus';
import type { IncidentElement, TaskElement, UsageElement } from '@tutti/model';
import { presentIncidents } from '../core/present/incidents.js';
import { presentTasks } from '../core/present/tasks.js';
import { presentUsage } from '../core/present/usage.js';
import { momentOf } from '../http/validation.js';
import { RecordReader } from '../records.service.js';
import { IncidentsQuery, TasksQuery, UsageQuery } from './queries.js';

/** What runs, where, what failed, and what it used. */
@Controller('v1')
export class ClusterController {
  constructor(private readonly records: RecordReader) {}

  @Get('tasks')
  async tasks(@Query() query: TasksQuery): Promise<TaskElement[]> {
    return presentTasks(await this.records.readTasks(query), query);
  }

  @Get('incidents')
  async incidents(@Query() { namespace, app, open }: IncidentsQuery): Promise<IncidentElement[]> {
    const { incident } = await this.records.read(scoped('incident', namespace, app));
    return presentIncidents(
      incident.filter((record) => app === undefined || record.app === app),
      { open },
    );
  }

  @Get('usage')
  async usage(@Query() { by = 'app', from, to, namespace, app }: UsageQuery): Promise<UsageElement[]> {
    const now = Date.now();
    const { usage } = await this.records.read(scoped('usage', namespace, app));
    return presentUsage(
      usage.filter((record) => app === undefined || record.app === app),
      {
        by,
        now,
        from: from === undefined ? undefined : momentOf(from, now),
        to: to === undefined ? undefined : momentOf(to, now),
      },
    );
  }
}

function scoped<K extends 'incident' | 'usage'>(
  kind: K,
  namespace?: string,
  app?: string,
): ReturnType<typeof filters.all<K>> {
  if (namespace === undefined) return filters.all(kind);
  return app === undefined ? filters.inNamespace(kind, namespace) : filters.ofApp(kind, { namespace, app });
}
