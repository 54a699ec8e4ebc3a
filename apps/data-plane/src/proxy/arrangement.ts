import type { LoggerService } from '@nestjs/common';
import { serviceKey, type ProxyProblem } from '@tutti/model';
import type { Certificates } from './certificates.js';
import { Configurations } from './configurations.js';
import { certificatesIn, withCertificates, type Provided } from './core/certificates.js';
import type { Backend, Layout } from './core/layout.js';
import { readFronts } from './core/readings.js';
import { RULES_FRONT, SECURE_FRONT } from './core/rules.js';
import { freshTable } from './core/table.js';
import { ANY_PORT, virtualFrontName } from './core/virtual.js';
import type { Configuration, Haproxy } from './haproxy/haproxy.js';
import { listenable } from './listenable.js';
import type { Picture } from './picture.js';
import type { VirtualFront } from './virtual-front.js';
import type { Workers } from './workers.js';

interface ArrangementOptions {
  haproxy: Haproxy;
  picture: Picture;
  workers: Workers;
  virtual: VirtualFront;
  certificates: Certificates;
  log: LoggerService;
  httpPort: number;
  httpsPort: number;
}

/** Ports that somebody else held are tried again. */
const TRY_PORTS_MS = 10_000;
const TRY_CERTIFICATES_MS = 2000;

/** What HAProxy listens on, and for which services; it runs only while there is something. */
export class Arrangement {
  problems: ProxyProblem[] = [];
  /** What could not be had may be had after this time; undefined: nothing is waited for. */
  retryMs: number | undefined;
  /** Names of the front ends that HAProxy has. */
  private held: ReadonlySet<string> = new Set();
  private mark = '';
  private byService = new Map<string, Backend[]>();
  private virtualPort: number | undefined;
  private readonly configurations: Configurations;

  constructor(private readonly options: ArrangementOptions) {
    const { haproxy, httpPort, httpsPort, certificates } = options;
    this.configurations = new Configurations({ haproxy, httpPort, httpsPort, certificates: certificates.folder });
  }

  backendsOf(service: string): Backend[] {
    return this.byService.get(service) ?? [];
  }

  /** Takes over a HAProxy that runs already, with what it has. */
  async adopt(): Promise<void> {
    const { haproxy, workers, picture } = this.options;
    workers.clear();
    this.mark = '';
    const processes = await haproxy.processes();
    const [pid] = processes?.current ?? [];
    if (!processes || pid === undefined) return;
    const layout = picture.layout();
    for (const each of [...processes.old, pid]) await workers.learn(each, layout.backends);
    await workers.retire(processes.old);
    const shown = await haproxy.socket.tell(pid, ['show info', 'show stat -1 1 -1']);
    this.mark = /^description: (\w+)$/m.exec(shown)?.[1] ?? '';
    this.held = new Set(readFronts(shown));
    haproxy.watch();
    if ([...this.held].some((name) => name.startsWith('virtual:'))) await this.options.virtual.learn(pid);
    this.index(layout);
  }

  /** Has HAProxy listen on what the routes ask for, if it does not yet. What cannot be had is left out. */
  async arrange(): Promise<void> {
    const { picture, certificates } = this.options;
    const wanted = picture.layout();
    const provided = await certificates.provide(certificatesIn(wanted));
    await this.bring(await this.possible(wanted, provided), provided);
    certificates.keepOnly(certificatesIn(withCertificates(wanted, provided)));
  }

  /** Has HAProxy do this, if it does not yet. */
  private async bring(layout: Layout, provided: Provided): Promise<void> {
    const mark = this.configurations.markOf(layout);
    if (isEmpty(layout)) await this.rest();
    else if (mark !== this.mark || this.options.workers.size === 0) return this.run(layout, { mark, provided });
    this.settle(layout);
  }

  /** Has HAProxy know who may come to which virtual address, and says what is served. */
  async tellMaps(): Promise<void> {
    const { virtual, workers } = this.options;
    if (this.virtualPort !== undefined && workers.pid > 0) await virtual.apply(workers.pid, this.maps());
    virtual.tell(workers.pid > 0 ? this.virtualPort : undefined);
  }

  private maps() {
    const hasBackend = (service: string): boolean => this.backendsOf(service).some(({ target }) => target === ANY_PORT);
    return this.options.picture.maps(hasBackend);
  }

  /** What of it can be listened on, with the certificates that there are. */
  private async possible(wanted: Layout, provided: Provided): Promise<Layout> {
    const layout = withCertificates(wanted, provided);
    const fronts = this.configurations.frontsOf(layout);
    const { good, problems } = await listenable(fronts, ({ name }) => this.held.has(name));
    const retryPortsMs = problems.length > 0 ? TRY_PORTS_MS : undefined;
    this.retryMs = provided.isWaiting ? TRY_CERTIFICATES_MS : retryPortsMs;
    const names = new Set(good.map(({ name }) => name));
    const isVirtual = layout.backends.some(({ target }) => target === ANY_PORT);
    const virtualPort = isVirtual ? await this.options.virtual.port(this.held) : undefined;
    return {
      ...layout,
      ...(virtualPort !== undefined && { virtualPort }),
      fronts: layout.fronts.filter(({ name }) => names.has(name)),
      rules: names.has(RULES_FRONT) ? layout.rules : [],
      secure: names.has(SECURE_FRONT) ? layout.secure : [],
      problems: [...layout.problems, ...problems],
    };
  }

  private async run(layout: Layout, { mark, provided }: { mark: string; provided: Provided }): Promise<void> {
    const refusal = await this.options.haproxy.refuses(this.draft(layout));
    if (refusal === undefined) return this.load(layout, mark);
    this.options.log.error(`HAProxy refuses its configuration: ${refusal}`);
    const reduced = await this.withoutBad(layout, provided);
    await this.load(reduced, mark);
  }

  private async load(layout: Layout, mark: string): Promise<void> {
    const { haproxy, workers, picture, log } = this.options;
    const tables = new Map(
      layout.backends.map((backend) => [backend.name, freshTable(picture.wanted(backend), backend)]),
    );
    this.index(layout);
    const virtual = this.maps();
    const configuration = this.configurations.of(layout, { mark, virtual, tables });
    // A process that is replaced may end at once, with what it has counted.
    await workers.measure(layout.backends);
    const pid = await haproxy.run(configuration).catch((error: unknown) => {
      // Somebody else may have come by one of its ports since it ended.
      this.held = new Set();
      throw error;
    });
    const now = await haproxy.processes();
    workers.keepOnly([...(now?.current ?? []), ...(now?.old ?? [])]);
    workers.begin(pid, tables, layout.backends);
    this.options.virtual.begin(virtual);
    await workers.retire(now?.old ?? []);
    this.mark = mark;
    this.settle(layout);
    const ports = [...this.configurations.frontsOf(layout).map(({ port }) => port), layout.virtualPort ?? []].flat();
    log.log?.(`HAProxy listens on ${ports.join(', ')}`);
  }

  /** What is left when each service whose part HAProxy would not take is left out. */
  private async withoutBad(layout: Layout, provided: Provided): Promise<Layout> {
    const { picture, haproxy } = this.options;
    const bad = new Map<string, string>();
    for (const service of picture.routedServices()) {
      const alone = withCertificates(
        picture.layout((other) => other === service),
        provided,
      );
      const refusal = await haproxy.refuses(this.draft(alone));
      if (refusal !== undefined) bad.set(service, refusal);
    }
    const rest = await this.possible(
      picture.layout((service) => !bad.has(service)),
      provided,
    );
    const problems = [...bad].map(([service, why]) => ({ reason: `HAProxy refuses what ${service} asks for: ${why}` }));
    return { ...rest, problems: [...layout.problems, ...problems] };
  }

  private draft(layout: Layout): Configuration {
    return this.configurations.of(layout, { virtual: this.maps() });
  }

  private async rest(): Promise<void> {
    const { haproxy, workers } = this.options;
    if (workers.size > 0 || (await haproxy.processes())) await haproxy.stop();
    workers.clear();
    this.mark = '';
  }

  private settle(layout: Layout): void {
    const { virtualPort } = layout;
    this.virtualPort = virtualPort;
    const virtual = virtualPort === undefined ? [] : [virtualFrontName(virtualPort)];
    this.held = new Set([...this.configurations.frontsOf(layout).map(({ name }) => name), ...virtual]);
    this.index(layout);
    const known = new Set(this.problems.map(({ reason }) => reason));
    for (const { reason } of layout.problems) if (!known.has(reason)) this.options.log.warn(reason);
    this.problems = layout.problems;
  }

  private index({ backends }: Layout): void {
    this.byService = new Map();
    for (const backend of backends) {
      const key = serviceKey(backend);
      this.byService.set(key, [...(this.byService.get(key) ?? []), backend]);
    }
  }
}

const isEmpty = ({ fronts, rules, secure, virtualPort }: Layout): boolean =>
  [fronts, rules, secure].every((list) => list.length === 0) && virtualPort === undefined;
