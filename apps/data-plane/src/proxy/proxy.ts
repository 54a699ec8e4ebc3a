import type { LoggerService } from '@nestjs/common';
import type { Connection } from '@tutti/bus';
import { messageOf, type ProxyProblem, type ProxyRecord, type ServiceVersions } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';
import { Arrangement } from './arrangement.js';
import { Certificates } from './certificates.js';
import type { Backend } from './core/layout.js';
import type { Haproxy } from './haproxy/haproxy.js';
import type { Picture, Touched } from './picture.js';
import { Report } from './report.js';
import type { VirtualDesk } from '../virtual/desk.js';
import { VirtualFront } from './virtual-front.js';
import { Workers } from './workers.js';

/** Changes of the layout are gathered for so long. */
const GATHER_MS = 50;
const RETRY_MS = 250;
/** A request for which HAProxy had chosen a server just before it was told otherwise is counted by then. */
const SETTLE_MS = 5;
const POLL_MS = 20;

export interface ProxyOptions {
  bus: Connection;
  haproxy: Haproxy;
  picture: Picture;
  node: string;
  httpPort: number;
  httpsPort: number;
  desk?: VirtualDesk;
  version: string;
  log: LoggerService;
}

/** One at a time and the latest first: brings HAProxy to what the records say, and says how far it has come. */
export class Proxy {
  private readonly workers: Workers;
  private readonly arrangement: Arrangement;
  private readonly report: Report;
  private readonly touched = new Set<string>();
  private layoutDueAt: number | undefined;
  private mapsDue = false;
  private state: 'shut' | 'open' | 'closed' = 'shut';
  private working: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private adopted = false;
  private isDown = false;
  private applied = 0;
  private inFlight: Record<string, number> = {};
  private told: Omit<ProxyRecord, 'updatedAt'> | undefined;

  constructor(private readonly options: ProxyOptions) {
    const { haproxy, picture, bus, log, httpPort, httpsPort, desk } = options;
    const virtual = new VirtualFront(haproxy, desk);
    this.workers = new Workers({ haproxy, wanted: (backend) => picture.wanted(backend) });
    const parts = { haproxy, picture, workers: this.workers, virtual, certificates: new Certificates(bus, haproxy) };
    this.arrangement = new Arrangement({ ...parts, log, httpPort, httpsPort });
    this.report = new Report(bus, (error) => log.warn(`the proxy's record is not written yet: ${messageOf(error)}`));
  }

  /** All records are known. */
  open(): void {
    if (this.state !== 'shut') return;
    this.state = 'open';
    this.layoutDueAt = 0;
    this.wake();
  }

  touch({ layout, maps, services }: Touched): void {
    if (maps) this.mapsDue = true;
    for (const service of services) this.touched.add(service);
    if (layout) this.layoutDueAt ??= Date.now() + GATHER_MS;
    this.wake();
  }

  /** HAProxy has ended. */
  lost(): void {
    if (this.state !== 'open') return;
    this.options.log.warn('HAProxy has ended: starting it again');
    this.adopted = false;
    this.layoutDueAt = 0;
    this.wake();
  }

  /** What has been counted of services that are judged by it. */
  async versions(): Promise<ServiceVersions[]> {
    const services = this.options.picture.countedServices();
    await this.workers.measure([...services].flatMap((service) => this.arrangement.backendsOf(service)));
    return this.workers.tally.told(services);
  }

  /** HAProxy is left as it is. */
  async close(): Promise<void> {
    this.state = 'closed';
    clearTimeout(this.timer);
    await this.working;
    this.options.haproxy.close();
    await this.report.close();
  }

  private wake(): void {
    if (this.state === 'open') this.working ??= this.work().finally(() => (this.working = undefined));
  }

  private async work(): Promise<void> {
    // What comes in one piece is done in one piece.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.state === 'open' && (this.hasNews || this.isDraining)) {
      try {
        await this.round();
      } catch (error) {
        await this.recover(error);
      }
    }
    this.sleepUntilDue();
  }

  private get isLayoutDue(): boolean {
    return this.layoutDueAt !== undefined && this.layoutDueAt <= Date.now();
  }

  private get hasNews(): boolean {
    return this.isLayoutDue || this.mapsDue || this.touched.size > 0;
  }

  private get isDraining(): boolean {
    return Object.keys(this.inFlight).length > 0;
  }

  private async round(): Promise<void> {
    const { hasNews } = this;
    if (!hasNews) await sleep(POLL_MS);
    if (this.isLayoutDue) await this.arrange();
    // From here on nothing is waited for until what is to be done has been worked out: what comes later is of the next round.
    const upTo = this.options.picture.revision;
    const services = [...this.touched];
    this.touched.clear();
    await this.workers.apply(services.flatMap((service) => this.arrangement.backendsOf(service)));
    if (this.mapsDue) await this.tellMaps();
    await this.count(hasNews);
    this.applied = upTo;
    this.tell(hasNews);
  }

  private async arrange(): Promise<void> {
    this.layoutDueAt = undefined;
    if (!this.adopted) {
      await this.arrangement.adopt();
      for (const service of this.options.picture.serviceNames()) this.touched.add(service);
      this.adopted = true;
    }
    await this.arrangement.arrange();
    this.mapsDue = true;
    this.isDown = false;
  }

  private async tellMaps(): Promise<void> {
    this.mapsDue = false;
    await this.arrangement.tellMaps();
  }

  private async recover(error: unknown): Promise<void> {
    this.options.log.warn(`the proxy is looked over again: ${messageOf(error)}`);
    this.adopted = false;
    this.layoutDueAt ??= 0;
    this.isDown = (await this.options.haproxy.processes()) === undefined;
    this.tell(true);
    await sleep(RETRY_MS);
  }

  /** Counts what is in flight to tasks that are to go. */
  private async count(hasNews: boolean): Promise<void> {
    const services = [...this.options.picture.serviceNames()].filter((service) => this.leaving(service).length > 0);
    if (services.length === 0) {
      this.inFlight = {};
      return;
    }
    if (hasNews) await sleep(SETTLE_MS);
    const tasks = new Set(services.flatMap((service) => this.leaving(service)));
    const backends: Backend[] = services.flatMap((service) => this.arrangement.backendsOf(service));
    this.inFlight = Object.fromEntries(await this.workers.inFlight(tasks, backends));
  }

  private leaving(service: string): string[] {
    return this.options.picture.leaving(service);
  }

  private tell(hasNews: boolean): void {
    const { node, version } = this.options;
    const state = this.isDown ? 'down' : 'running';
    const problems: ProxyProblem[] = this.arrangement.problems;
    const before = this.told;
    const isZero = Object.keys(before?.inFlight ?? {}).some((task) => !(task in this.inFlight));
    this.told = { node, state, version, applied: this.applied, inFlight: this.inFlight, problems };
    this.report.tell(this.told, hasNews || isZero);
  }

  private sleepUntilDue(): void {
    clearTimeout(this.timer);
    if (this.state !== 'open') return;
    const { retryMs } = this.arrangement;
    if (retryMs !== undefined) this.layoutDueAt ??= Date.now() + retryMs;
    if (this.layoutDueAt === undefined) return;
    this.timer = setTimeout(() => this.wake(), Math.max(1, this.layoutDueAt - Date.now()));
  }
}
