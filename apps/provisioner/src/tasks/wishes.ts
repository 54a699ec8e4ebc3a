import { filters, keys, watch, type Change, type Connection, type Key } from '@tutti/bus';
import type { Subscription } from 'rxjs';

export type Wish = Exclude<Change<'task'>, { type: 'ready' }>;

const AGAIN_MS = 1000;

export interface WishHooks {
  changed(wish: Wish): void;
  /** All that is wanted now is known. @param wanted all of it */
  known(wanted: ReadonlySet<Key<'task'>>): void;
  /** The scheduler's verdict on the node. */
  judged(isDown: boolean): void;
  failed(error: unknown): void;
}

/** Follows what the cluster wants of a node, and whether it counts the node as down. */
export class Wishes {
  private subscription: Subscription | undefined;
  private again: NodeJS.Timeout | undefined;
  private down = false;

  constructor(
    private readonly bus: Connection,
    private readonly node: string,
    private readonly hooks: WishHooks,
  ) {}

  /** The last verdict. */
  get isDown(): boolean {
    return this.down;
  }

  /** Asks for everything, and follows it from then on. May be done again: what was missed does not matter. */
  ask(): void {
    this.close();
    const wanted = new Set<Key<'task'>>();
    let isKnown = false;
    const { node, bus } = this;
    const all = [filters.onNode('task', node), filters.one(keys.liveness({ node }))];
    this.subscription = watch<'task' | 'liveness'>(bus, all).subscribe({
      next: (change) => {
        if (change.type === 'ready') {
          isKnown = true;
          this.hooks.known(wanted);
        } else if (change.kind === 'liveness') {
          this.judge(change.type === 'put' && change.record.state === 'down');
        } else {
          if (!isKnown && change.type === 'put') wanted.add(keys.task(change.record));
          this.hooks.changed(change as Wish);
        }
      },
      error: (error: unknown) => {
        this.hooks.failed(error);
        this.again = setTimeout(() => this.ask(), AGAIN_MS);
      },
    });
  }

  close(): void {
    clearTimeout(this.again);
    this.subscription?.unsubscribe();
  }

  private judge(isDown: boolean): void {
    this.down = isDown;
    this.hooks.judged(isDown);
  }
}
