import { get, keys, type Connection } from '@tutti/bus';
import { messageOf, TuttiError, type ApplicationSpec, type TaskRecord } from '@tutti/model';
import type { TaskPlan } from '../core/life.js';

/** Specs that are kept; a node runs tasks of a handful of applications at a time. */
const LIMIT = 256;

/**
 * The specs of revisions, kept by what a task was made from, the least recently used going first. The number alone does
 * not do: an application that was removed and deployed again begins at revision 1 again, with another spec.
 */
export class Revisions {
  private readonly kept = new Map<string, Promise<ApplicationSpec>>();

  constructor(private readonly bus: Connection) {}

  /** @throws TuttiError `not-found` where the revision is gone, `unavailable` where the bus is */
  async planOf(task: TaskRecord): Promise<TaskPlan> {
    const app = await this.specOf(task);
    const service = app.services[task.service];
    if (!service)
      throw new TuttiError('not-found', `revision ${task.revision} of ${task.app} has no service ${task.service}`);
    return { app, service };
  }

  private specOf(task: TaskRecord): Promise<ApplicationSpec> {
    const key = `${keys.revision(task)} ${task.service} ${task.digest}`;
    const spec = this.kept.get(key) ?? this.read(task);
    this.kept.delete(key);
    this.kept.set(key, spec);
    spec.catch(() => this.kept.delete(key));
    const [oldest] = this.kept.keys();
    if (this.kept.size > LIMIT && oldest !== undefined) this.kept.delete(oldest);
    return spec;
  }

  private async read(task: TaskRecord): Promise<ApplicationSpec> {
    const entry = await get(this.bus, keys.revision(task)).catch((error: unknown) => {
      throw error instanceof TuttiError
        ? error
        : new TuttiError('unavailable', `the bus does not answer: ${messageOf(error)}`);
    });
    if (!entry) throw new TuttiError('not-found', `revision ${task.revision} of ${task.app} is gone: deploy it again`);
    return entry.record.spec;
  }
}
