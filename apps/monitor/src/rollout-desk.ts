import {
  get,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  type Change,
  type Connection,
  type Standing,
} from '@tutti/bus';
import type { AppRef, IncidentRecord } from '@tutti/model';
import { fingerprint } from './core/fingerprint.js';
import { RETENTION_MS } from './core/incidents.js';
import { rolloutIncident, rolloutIncidentChanges, type Turn } from './core/rollout-incidents.js';

interface Surroundings {
  standing: Standing;
  onError: (error: unknown, app: string) => void;
}

const appOf = ({ namespace, app = '' }: Partial<AppRef>): string => `${namespace}/${app}`;

/** Keeps the incidents of rollouts that a failing task has stopped or turned back. Works by application. */
export class RolloutDesk {
  private readonly rollouts = new RecordTable<'rollout', Turn>({ group: appOf, keep: turnOf });
  private readonly incidents: OwnRecords<'incident'>;
  private readonly work: KeyedSerial;
  private isOpen = false;

  constructor(
    private readonly bus: Connection,
    around: Surroundings,
  ) {
    this.incidents = new OwnRecords(bus, 'incident', { group: appOf, standing: around.standing });
    this.work = new KeyedSerial((app) => this.attend(app), { onError: around.onError });
  }

  take(change: Change<'rollout'>): void {
    const app = this.rollouts.take(change);
    if (app !== undefined) this.work.add(app);
  }

  /** Takes in an incident that was written, here or by another monitor. */
  takeOwn(change: Change<'incident'>): void {
    if (!this.isOpen && change.type === 'put' && change.record.resolvedAt !== undefined) return;
    const app = this.incidents.take(change);
    if (app !== undefined) this.work.add(app);
  }

  /** Takes in an incident of a task: it may be the one that a rollout failed by, and have its last lines. */
  hear({ namespace, app, task, logs }: IncidentRecord): void {
    const group = appOf({ namespace, ...(app !== undefined && { app }) });
    const isIts = this.rollouts.in(group).some(({ failure }) => failure?.task !== undefined && failure.task === task);
    if (isIts && logs.length > 0) this.work.add(group);
  }

  open(): void {
    this.isOpen = true;
    this.work.open();
  }

  /** Writes what the leader before us has not. */
  takeOver(): void {
    this.incidents.draftGroups().forEach((app) => this.work.add(app));
  }

  close(): Promise<void> {
    return this.work.close();
  }

  private async attend(app: string): Promise<void> {
    await this.incidents.settle(app);
    const [rollout] = this.rollouts.in(app);
    const present = rollout && rolloutIncident(rollout);
    // One that is over is not kept in memory, but must not be told again.
    if (present && !this.incidents.get(keys.incident(present))) await this.incidents.look(keys.incident(present));
    const logs = rollout && present ? await this.logsOf(rollout) : [];
    const changes = rolloutIncidentChanges(rollout, { incidents: this.incidents.in(app), logs, now: Date.now() });
    for (const { incident, event } of changes) {
      await this.incidents.put(incident, { event, ttlMs: RETENTION_MS });
      // What was opened may be over already.
      if (event === 'opened') this.work.add(app);
    }
    this.tidy(app);
  }

  /** Keeps in memory only what may still change. */
  private tidy(app: string): void {
    for (const incident of this.incidents.in(app)) {
      const key = keys.incident(incident);
      if (incident.resolvedAt !== undefined && !this.incidents.isDraft(key)) this.incidents.drop(key);
    }
  }

  /** The last lines of the task that failed: of its status, or of its own incident once it is gone. */
  private async logsOf({ namespace, app, failure }: Turn): Promise<readonly string[]> {
    const { service = '', task, node, exitAt } = failure ?? {};
    if (task === undefined || node === undefined) return [];
    const status = (await get(this.bus, keys.status({ namespace, app, service, task, node })))?.record;
    if (status?.lastExit?.logs) return status.lastExit.logs;
    if (exitAt === undefined) return [];
    const own = { namespace, app, incident: fingerprint(task, 'exit', exitAt) };
    return (await get(this.bus, keys.incident(own)))?.record.logs ?? [];
  }
}

function turnOf({ namespace, app, revision, generation, phase, rolledBack, failure, startedAt }: Turn): Turn {
  const turn = { namespace, app, revision, generation, phase, startedAt };
  return { ...turn, ...(rolledBack && { rolledBack }), ...(failure && { failure }) };
}
