import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { subjects } from '@tutti/bus';
import {
  invalid,
  requireName,
  type AppRecord,
  type ApplicationSpec,
  type Outline,
  type RevisionRecord,
} from '@tutti/model';
import { outline } from '../core/outline.js';
import { Reconciler } from './reconciler.js';

interface PlanRequest {
  namespace: string;
  app: string;
  /** As policy has checked it. */
  spec: ApplicationSpec;
  digests: Record<string, string>;
}

/** Answers what a deploy would do. */
@Controller()
export class PlanController {
  constructor(private readonly reconciler: Reconciler) {}

  @MessagePattern(subjects.rpc('scheduler', 'plan'))
  plan(@Payload() request: PlanRequest): Outline {
    const namespace = requireName(request.namespace, 'namespace');
    const app = requireName(request.app, 'application');
    if (typeof request.spec?.services !== 'object' || typeof request.digests !== 'object') {
      throw invalid('a plan needs a spec and its digests');
    }
    const { store } = this.reconciler;
    const existing = store.app({ namespace, app })?.record;
    const { app: record, revision } = hypothetical(request, existing);
    return outline({ app: record, revision, tasks: store.tasks(record) }, store.nodes(), Date.now());
  }
}

/** The records that policy would write if the plan were deployed. */
function hypothetical(
  { namespace, app, spec, digests }: PlanRequest,
  existing: AppRecord | undefined,
): { app: AppRecord; revision: RevisionRecord } {
  const revision = (existing?.revision ?? 0) + 1;
  const base = { namespace, app, command: 'plan', createdAt: '', updatedAt: '' };
  const kept = Object.entries(existing?.scale ?? {}).filter(([name]) => spec.services[name]?.replicasStated === false);
  return {
    app: {
      ...base,
      revision,
      state: 'active',
      generation: 0,
      scale: Object.fromEntries(kept),
      restarts: existing?.restarts ?? {},
    },
    revision: { ...base, revision, spec, digests, ignored: [] },
  };
}
