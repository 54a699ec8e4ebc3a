import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BUS, commit, filters, getForUpdate, keys, list, MAX_BATCH, remove, watch, type Connection } from '@tutti/bus';
import { messageOf, type RolloutRecord } from '@tutti/model';
import { concatMap, EMPTY, filter, retry, timer, type Subscription } from 'rxjs';

const RETRY_MS = 1000;
/** What goes with an application. */
const KEPT = ['secret', 'config', 'revision'] as const;

/** Lets go of an application once the scheduler says that nothing of it runs any more. */
@Injectable()
export class Removal implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Removal.name);
  private watching?: Subscription;

  constructor(@Inject(BUS) private readonly bus: Connection) {}

  onApplicationBootstrap(): void {
    this.watching = watch(this.bus, [filters.all('rollout')])
      .pipe(
        filter((change) => change.type === 'put' && change.record.phase === 'removed'),
        concatMap((change) => (change.type === 'put' ? this.finish(change.record) : [])),
        // Begun anew, the watch shows every rollout that still says `removed`, so none is missed.
        retry({
          delay: (error) => {
            if (this.bus.nc.isClosed()) return EMPTY;
            this.logger.warn(`cannot finish a removal, trying again: ${messageOf(error)}`);
            return timer(RETRY_MS);
          },
        }),
      )
      .subscribe();
  }

  onModuleDestroy(): void {
    this.watching?.unsubscribe();
  }

  /** Removes the application with its revisions and what is in their configs and secrets, unless it has been asked for again since. */
  private async finish({ namespace, app, generation }: RolloutRecord): Promise<void> {
    const ref = { namespace, app };
    const { record, revision } = await getForUpdate(this.bus, keys.app(ref));
    if (record?.state !== 'removing' || record.generation !== generation) return;
    const kept = await list(
      this.bus,
      KEPT.map((kind) => filters.ofApp(kind, ref)),
    );
    const cause = record.command;
    // A conflict means that somebody deploys it again: then it stays.
    await commit(this.bus, [
      ...kept.slice(0, MAX_BATCH - 1).map(({ kind, key }) => remove(kind, key, { event: 'trimmed', cause })),
      remove('app', keys.app(ref), { event: 'removed', expect: revision, cause }),
    ]);
  }
}
