import { get, keys, type Connection } from '@tutti/bus';
import { messageOf, TuttiError, type AppRef, type FileSpec } from '@tutti/model';
import { ownerOf, type TaskFile } from '../core/files.js';
import type { TaskPlan } from '../core/life.js';

/** Of contents that are kept, in characters: as many as a handful of applications have. */
const LIMIT = 16 * 1024 ** 2;

/**
 * What is in configs and secrets. It never changes under its digest, so what was read is kept, the least recently used
 * going first.
 */
export class Contents {
  private readonly kept = new Map<string, string>();
  private size = 0;

  constructor(
    private readonly bus: Connection,
    private readonly limit = LIMIT,
  ) {}

  /** The files of a task. @throws TuttiError `not-found` where what is in one is gone, `unavailable` where the bus is */
  filesOf(app: AppRef, { app: spec, service }: TaskPlan): Promise<TaskFile[]> {
    const files = service.files ?? [];
    return Promise.all(
      files.map(async (file) => {
        const digest = spec[`${file.kind}s`]?.[file.source]?.digest ?? '';
        const data = await this.dataOf(app, file, digest);
        return { target: file.target, mode: file.mode, data, ...ownerOf(file, service) };
      }),
    );
  }

  private async dataOf({ namespace, app }: AppRef, { kind, source: name }: FileSpec, digest: string): Promise<string> {
    const key = keys[kind]({ namespace, app, name, digest });
    const known = this.kept.get(key);
    const data = known ?? (await this.read(key, `the ${kind} ${name} of ${app}`));
    this.keep(key, data);
    return data;
  }

  private async read(key: ReturnType<typeof keys.config | typeof keys.secret>, what: string): Promise<string> {
    const entry = await get(this.bus, key).catch((error: unknown) => {
      throw error instanceof TuttiError
        ? error
        : new TuttiError('unavailable', `the bus does not answer: ${messageOf(error)}`);
    });
    if (!entry) throw new TuttiError('not-found', `${what} is gone: deploy the application again`);
    return entry.record.data;
  }

  private keep(key: string, data: string): void {
    this.drop(key);
    this.kept.set(key, data);
    this.size += data.length;
    for (const oldest of this.kept.keys()) {
      if (this.size <= this.limit || oldest === key) break;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.size -= this.kept.get(key)?.length ?? 0;
    this.kept.delete(key);
  }
}
