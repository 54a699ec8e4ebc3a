import { headers as makeHeaders, nuid } from '@nats-io/transport-node';
import { filter, merge, type Subscription } from 'rxjs';
import { STREAM } from './catalogue/streams.js';
import { subjects } from './catalogue/subjects.js';
import type { Connection } from './connection.js';
import { watchLeases } from './leases.js';
import { reconnections, whileConnected } from './reconnections.js';
import { isRemoval } from './state/read.js';
import { steadyNow } from './steady-clock.js';

/** A leader that does not renew for so long has lost its office. Whole seconds, as the server counts. */
const TERM_MS = 2000;
const RENEW_MS = 600;

export interface Office {
  /** It is ours now. */
  begin(): void;
  /** It is no longer ours: another may hold it already. */
  end(): void;
}

/**
 * Runs for leader of all instances of a service, and again whenever the office falls vacant. Leading spares double work;
 * that no harm is done by one who still believes to lead is up to compare-and-set on each record.
 * @param name the service's, as its NATS user may write
 */
export class Leadership {
  private readonly me = nuid.next();
  private readonly subject: string;
  private readonly watching: Subscription;
  private timer: NodeJS.Timeout | undefined;
  /** The lease message that we wrote last; 0: we do not lead. */
  private sequence = 0;
  /** The lease message that another held the office by when we looked, and when we had seen it first, by `steadyNow`. */
  private seen = { sequence: 0, at: 0 };
  /** Ends the term that is not renewed. */
  private term: NodeJS.Timeout | undefined;
  private running = false;
  private closed = false;

  constructor(
    private readonly connection: Connection,
    name: string,
    private readonly office: Office,
  ) {
    this.subject = subjects.lease('service', `${name}.leader`);
    const lease = watchLeases(connection, 'service', `${name}.leader`);
    const vacant = lease.pipe(filter(({ type }) => type !== 'held'));
    this.watching = merge(vacant, reconnections(connection)).subscribe(() => void this.run());
  }

  get leads(): boolean {
    return this.sequence > 0;
  }

  /** Gives the office to whoever is there. */
  async close(): Promise<void> {
    this.closed = true;
    this.watching.unsubscribe();
    clearTimeout(this.timer);
    if (!this.leads) return;
    const headers = makeHeaders();
    headers.set('KV-Operation', 'PURGE');
    await this.write(headers, this.sequence).catch(() => undefined);
    this.resign();
  }

  private async run(): Promise<void> {
    if (this.running || this.closed) return;
    this.running = true;
    try {
      const sentAt = Date.now();
      const expected = this.leads ? this.sequence : await this.vacantAt();
      const sequence = expected === undefined ? undefined : await this.write(makeHeaders(), expected);
      if (sequence === undefined) this.resign();
      else this.hold(sequence, sentAt);
    } catch {
      // The bus is away: how long we still lead is a question of time.
    } finally {
      this.running = false;
      clearTimeout(this.timer);
      if (!this.closed) this.timer = setTimeout(() => void this.run(), this.leads ? RENEW_MS : TERM_MS);
    }
  }

  private hold(sequence: number, sentAt: number): void {
    const isNew = !this.leads;
    this.sequence = sequence;
    clearTimeout(this.term);
    this.term = setTimeout(() => this.resign(), sentAt + TERM_MS - Date.now());
    if (isNew && !this.closed) this.office.begin();
  }

  private resign(): void {
    clearTimeout(this.term);
    if (!this.leads) return;
    this.sequence = 0;
    this.office.end();
  }

  /**
   * The sequence to expect where the office is vacant; undefined where someone holds it. The server removes a lease that is
   * not renewed; one that was there when it crashed it may keep for ever (seen with 2.15.1), so a term is counted here, too.
   */
  private async vacantAt(): Promise<number | undefined> {
    const askedAt = steadyNow();
    const last = await this.connection.jsm.streams.getMessage(STREAM.leases, { last_by_subj: this.subject });
    if (last === null) return 0;
    if (isRemoval(last.header)) return last.seq;
    if (last.seq !== this.seen.sequence) this.seen = { sequence: last.seq, at: steadyNow() };
    return askedAt - this.seen.at > TERM_MS ? last.seq : undefined;
  }

  /** @returns its sequence; undefined where another was quicker */
  private async write(headers: ReturnType<typeof makeHeaders>, expected: number): Promise<number | undefined> {
    headers.set('Nats-TTL', `${TERM_MS / 1000}s`);
    headers.set('Nats-Expected-Last-Subject-Sequence', String(expected));
    const answer = this.connection.nc.request(this.subject, this.me, { headers, timeout: RENEW_MS });
    const ack = (await whileConnected(this.connection, answer)).json<{ seq?: number; error?: object }>();
    return ack.error ? undefined : ack.seq;
  }
}
