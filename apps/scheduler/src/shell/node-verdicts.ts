import { commit, getForUpdate, keys, put, watchLeases, type Connection, type LeaseChange } from '@tutti/bus';
import { messageOf, type LivenessRecord } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { judge, type Pulse } from '../core/liveness.js';
import { earlier } from '../core/decisions.js';
import { RemovedNodes } from './removed-nodes.js';
import type { Store } from './store.js';

const RETRY_MS = 250;

export interface VerdictHooks {
  /** Who holds leases is known. */
  ready(): void;
  /** The verdict on a node has changed by our own commit. */
  changed(node: string): void;
  warn(line: string): void;
}

/** Follows the nodes' leases and writes the verdicts on them, while this instance leads. */
export class NodeVerdicts {
  private readonly held = new Set<string>();
  /** Node to when it was last heard of, epoch ms. */
  private readonly heardAt = new Map<string, number>();
  /** Node to when its record was first seen, epoch ms. */
  private readonly knownAt = new Map<string, number>();
  private lastHeard = 0;
  private busSince = Date.now();
  private leases: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private leading = false;
  private judging = false;
  private again = false;
  private readonly removed: RemovedNodes;

  constructor(
    private readonly bus: Connection,
    private readonly store: Store,
    private readonly hooks: VerdictHooks,
  ) {
    this.removed = new RemovedNodes(bus, store);
  }

  follow(): void {
    this.leases = watchLeases(this.bus, 'node').subscribe((change) => this.take(change));
  }

  lead(leading: boolean): void {
    this.leading = leading;
    if (leading) this.look();
  }

  close(): void {
    this.leading = false;
    this.leases?.unsubscribe();
    clearTimeout(this.timer);
  }

  /** Something has changed that a verdict rests on. */
  look(): void {
    this.again = true;
    if (this.judging || !this.leading) return;
    this.judging = true;
    setImmediate(() => void this.judgeAll());
  }

  private take(change: LeaseChange): void {
    const now = Date.now();
    if (change.type === 'ready') {
      this.busSince = now;
      this.hooks.ready();
      return this.look();
    }
    const { name, type } = change;
    this.noteSilence(name, now);
    if (type === 'held') {
      this.held.add(name);
      this.heardAt.set(name, now);
      this.lastHeard = now;
      if (this.store.liveness(name)?.record.state !== 'up') this.look();
      return;
    }
    this.held.delete(name);
    this.look();
  }

  /**
   * Where nobody at all was heard it is the bus that was away. An election of the servers ends with the first renewal, and
   * leases that have run out meanwhile may be told as expired after it.
   */
  private noteSilence(name: string, now: number): void {
    const ttlMs = this.store.get(keys.node({ node: name }))?.record.leaseTtlMs;
    if (ttlMs !== undefined && now - this.lastHeard > ttlMs / 2) this.busSince = now;
  }

  private async judgeAll(): Promise<void> {
    let wakeAt: number | undefined;
    try {
      while (this.again && this.leading) {
        this.again = false;
        const judged = judge(this.pulses(), { now: Date.now(), busSince: this.busSince });
        wakeAt = judged.wakeAt;
        for (const verdict of judged.changed) await this.write(verdict);
        wakeAt = earlier(wakeAt, await this.removed.tidy());
      }
    } catch (error) {
      this.hooks.warn(`the verdicts on nodes wait: ${messageOf(error)}`);
      wakeAt = Date.now() + RETRY_MS;
    } finally {
      this.judging = false;
      clearTimeout(this.timer);
      if (wakeAt !== undefined) this.timer = setTimeout(() => this.look(), Math.max(1, wakeAt - Date.now()));
    }
  }

  private pulses(): Pulse[] {
    return this.store.nodeNames().flatMap((node) => {
      const record = this.store.get(keys.node({ node }))?.record;
      const wanted = this.store.availability(node);
      const verdict = this.store.liveness(node)?.record;
      const held = this.held.has(node);
      // Of one that was removed for good nothing more is said until its agent announces it anew.
      if (!record || wanted === 'removed') return [];
      const [heardAt, knownAt] = [this.heardAt.get(node) ?? 0, this.noted(node)];
      const pulse = { node, held, heardAt, knownAt, ttlMs: record.leaseTtlMs };
      return [{ ...pulse, givenUp: wanted === 'lost', ...(verdict && { verdict }) }];
    });
  }

  /** When the node was first seen. */
  private noted(node: string): number {
    const knownAt = this.knownAt.get(node) ?? Date.now();
    this.knownAt.set(node, knownAt);
    return knownAt;
  }

  private async write(record: LivenessRecord): Promise<void> {
    const key = keys.liveness(record);
    const expect = this.store.expected(key);
    const result = await commit(this.bus, [put('liveness', record, { event: record.state, expect })]);
    if (!result.ok) return this.refresh(key);
    this.store.put('liveness', key, { record, revision: result.revisions[0] ?? 0 });
    this.hooks.changed(record.node);
  }

  /** A conflict: another scheduler has judged, or a node that was removed is back under its name. */
  private async refresh(key: ReturnType<typeof keys.liveness>): Promise<void> {
    const { record, revision } = await getForUpdate(this.bus, key);
    if (record) this.store.put('liveness', key, { record, revision });
    else this.store.vacate(key, revision);
    this.again = true;
  }
}
