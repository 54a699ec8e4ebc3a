import type { LoggerService } from '@nestjs/common';
import type { ProxyProblem } from '@tutti/model';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { renderConfig, type Host } from './core/config.js';
import type { Backend, Front, Layout } from './core/layout.js';
import { freshTable } from './core/table.js';
import type { Haproxy } from './haproxy/haproxy.js';
import { proxyUser } from './haproxy/program.js';
import { listenable } from './listenable.js';
import { serviceKey, type Picture } from './picture.js';
import type { Workers } from './workers.js';

const EMPTY: Layout = { fronts: [], backends: [], problems: [] };

interface ArrangementOptions {
  haproxy: Haproxy;
  picture: Picture;
  workers: Workers;
  log: LoggerService;
}

/** What HAProxy listens on, and for which services; it runs only while there is something. */
export class Arrangement {
  problems: ProxyProblem[] = [];
  hasPortProblems = false;
  private layout: Layout = EMPTY;
  private mark = '';
  private byService = new Map<string, Backend[]>();

  constructor(private readonly options: ArrangementOptions) {}

  backendsOf(service: string): Backend[] {
    return this.byService.get(service) ?? [];
  }

  /** Takes over a HAProxy that runs already, with what it has. */
  async adopt(): Promise<void> {
    const { haproxy, workers, picture, log } = this.options;
    workers.clear();
    this.layout = EMPTY;
    this.mark = '';
    const processes = await haproxy.processes();
    if (!processes) return;
    const layout = picture.layout();
    for (const pid of [...processes.current, ...processes.old]) await workers.learn(pid, layout.backends);
    const [pid] = processes.current;
    if (pid === undefined) return;
    this.mark = /^description: (\w+)$/m.exec(await haproxy.socket.tell(pid, ['show info']))?.[1] ?? '';
    haproxy.watch();
    log.log?.(`HAProxy runs already (process ${pid})`);
    await this.take(layout);
  }

  /** Has HAProxy listen on what the routes ask for, if it does not yet. What cannot be had is left out. */
  async arrange(): Promise<void> {
    const { workers, picture } = this.options;
    const layout = picture.layout();
    const { good, problems } = await listenable(layout.fronts, (front) => this.isOurs(front));
    this.hasPortProblems = problems.length > 0;
    this.noteProblems([...layout.problems, ...problems]);
    const wanted = { ...layout, fronts: good };
    const mark = markOf(wanted);
    if (good.length === 0) await this.rest();
    else if (mark !== this.mark || workers.size === 0) await this.run(wanted, mark);
    this.index(wanted);
  }

  private async run(layout: Layout, mark: string): Promise<void> {
    const { haproxy, workers, picture, log } = this.options;
    const tables = new Map(
      layout.backends.map((backend) => [backend.name, freshTable(picture.wanted(backend), backend)]),
    );
    const text = renderConfig(layout, tables, this.host(mark));
    const pid = await haproxy.run(text);
    const now = await haproxy.processes();
    workers.keepOnly([...(now?.current ?? []), ...(now?.old ?? [])]);
    workers.add(pid, tables);
    this.mark = mark;
    log.log?.(`HAProxy listens on ${layout.fronts.map(({ port }) => port).join(', ')}`);
  }

  private async rest(): Promise<void> {
    const { haproxy, workers } = this.options;
    if (workers.size > 0 || (await haproxy.processes())) await haproxy.stop();
    workers.clear();
    this.mark = '';
  }

  private host(description: string): Host {
    const user = proxyUser();
    return {
      threads: Math.min(64, availableParallelism()),
      socket: this.options.haproxy.statsPath,
      description,
      ...(user && { user }),
    };
  }

  private async take(layout: Layout): Promise<void> {
    const { good } = await listenable(layout.fronts, () => false);
    // What cannot be listened on is most likely ours.
    const held = layout.fronts.filter((front) => !good.includes(front));
    this.index({ ...layout, fronts: held });
  }

  private index(layout: Layout): void {
    this.layout = layout;
    this.byService = new Map();
    for (const backend of layout.backends) {
      const key = serviceKey(backend);
      this.byService.set(key, [...(this.byService.get(key) ?? []), backend]);
    }
  }

  private isOurs({ address, port }: Front): boolean {
    return this.layout.fronts.some((front) => front.port === port && front.address === address);
  }

  private noteProblems(problems: ProxyProblem[]): void {
    const known = new Set(this.problems.map(({ reason }) => reason));
    for (const { reason } of problems) if (!known.has(reason)) this.options.log.warn(reason);
    this.problems = problems;
  }
}

function markOf(layout: Layout): string {
  const text = renderConfig(layout, new Map(), { threads: 0, socket: '', description: '' });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
