import { Controller, Get, Param, Query } from '@nestjs/common';
import { filters, keys } from '@tutti/bus';
import {
  notFound,
  type AppAnswer,
  type AppElement,
  type AppRecord,
  type AppRef,
  type RevisionElement,
  type RevisionRecord,
  type RolloutRecord,
  type ServiceElement,
} from '@tutti/model';
import { presentApps, presentRevisions, presentServices } from '../core/present/apps.js';
import { namespaceOf, refOf } from '../http/validation.js';
import { RecordReader } from '../records.service.js';
import { ScopeQuery } from './queries.js';

/** Applications as they are wanted, and how far they have come. */
@Controller('v1')
export class AppsController {
  constructor(private readonly records: RecordReader) {}

  @Get('apps')
  async all(): Promise<AppElement[]> {
    return presentApps(await this.records.read(filters.all('app'), filters.all('rollout')));
  }

  @Get('apps/:namespace')
  async inNamespace(@Param('namespace') namespace: string): Promise<AppElement[]> {
    const of = namespaceOf(namespace);
    return presentApps(await this.records.read(filters.inNamespace('app', of), filters.inNamespace('rollout', of)));
  }

  @Get('apps/:namespace/:app')
  async one(@Param('namespace') namespace: string, @Param('app') app: string): Promise<AppAnswer> {
    const ref = refOf(namespace, app);
    const { record, revisions, rollout } = await this.find(ref);
    return { app: record, revision: revisions.find(({ revision }) => revision === record.revision) ?? null, rollout };
  }

  @Get('apps/:namespace/:app/revisions')
  async revisions(@Param('namespace') namespace: string, @Param('app') app: string): Promise<RevisionElement[]> {
    const { record, revisions, rollout } = await this.find(refOf(namespace, app));
    return presentRevisions(record, { revisions, rollout });
  }

  @Get('rollouts/:namespace/:app')
  async rollout(@Param('namespace') namespace: string, @Param('app') app: string): Promise<RolloutRecord> {
    const ref = refOf(namespace, app);
    const { rollout } = await this.records.read(filters.one(keys.rollout(ref)));
    if (rollout[0]) return rollout[0];
    throw notFound(`there is no rollout of ${app} in the namespace ${namespace}`);
  }

  @Get('services')
  async services(@Query() { namespace, app }: ScopeQuery): Promise<ServiceElement[]> {
    const kinds = ['app', 'revision', 'rollout', 'endpoints'] as const;
    const wanted = kinds.map((kind) =>
      namespace === undefined ? filters.all(kind) : filters.inNamespace(kind, namespace),
    );
    const seen = await this.records.read(...wanted);
    return presentServices(
      app === undefined ? seen : { ...seen, app: seen.app.filter((record) => record.app === app) },
    );
  }

  private async find(
    ref: AppRef,
  ): Promise<{ record: AppRecord; revisions: RevisionRecord[]; rollout: RolloutRecord | null }> {
    const seen = await this.records.read(
      filters.one(keys.app(ref)),
      filters.ofApp('revision', ref),
      filters.one(keys.rollout(ref)),
    );
    const [record] = seen.app;
    if (!record) throw notFound(`there is no application ${ref.app} in the namespace ${ref.namespace}`);
    return { record, revisions: seen.revision, rollout: seen.rollout[0] ?? null };
  }
}
