import { TuttiError } from '@tutti/model';
import type { Backend } from './core/layout.js';
import type { Wanted } from './core/members.js';
import { STALE } from './core/handover.js';
import { readServers, readSessions, type ServerState } from './core/readings.js';
import { foundTable, isAsShown, step, UNKNOWN, type Table } from './core/table.js';
import type { Haproxy } from './haproxy/haproxy.js';

type Tables = Map<string, Table>;

interface WorkersOptions {
  haproxy: Haproxy;
  wanted(backend: Backend): Wanted;
}

/** HAProxy's processes, the one that takes connections in and those that still serve older ones, and who is behind each. */
export class Workers {
  private readonly tables = new Map<number, Tables>();
  /** The one that takes connections in. */
  private current = 0;

  constructor(private readonly options: WorkersOptions) {}

  get size(): number {
    return this.tables.size;
  }

  /** The process that takes connections in; 0: none. */
  get pid(): number {
    return this.tables.has(this.current) ? this.current : 0;
  }

  /** The process that takes connections in from now on, and the servers that it has begun with. */
  add(pid: number, tables: ReadonlyMap<string, Table>): void {
    this.tables.set(pid, new Map(tables));
    this.current = pid;
  }

  /**
   * Has processes that were replaced hand over what still comes to them: their servers can no longer be changed.
   * @throws TuttiError where one does not
   */
  async retire(pids: readonly number[]): Promise<void> {
    const { socket, stalePath: map } = this.options.haproxy;
    for (const pid of pids) {
      const answer = await socket.tell(pid, [`add map ${map} ${STALE} 1`, `show map ${map}`]);
      if (answer.includes(` ${STALE} `)) continue;
      const refusal = await this.refused(pid, 'does not hand over');
      if (this.tables.has(pid)) throw refusal;
    }
  }

  clear(): void {
    this.tables.clear();
  }

  /** Forgets those that have ended. */
  keepOnly(pids: readonly number[]): void {
    const alive = new Set(pids);
    for (const pid of this.tables.keys()) if (!alive.has(pid)) this.tables.delete(pid);
  }

  /** Learns from a process what is behind its backends. */
  async learn(pid: number, backends: readonly Backend[]): Promise<void> {
    const servers = byBackend(readServers(await this.options.haproxy.socket.tell(pid, ['show servers state'])));
    const known = backends.filter(({ name }) => servers.has(name));
    const tables = known.map(
      (backend) => [backend.name, foundTable(servers.get(backend.name) ?? [], this.options.wanted(backend))] as const,
    );
    this.add(pid, new Map(tables));
  }

  /**
   * Brings these backends up to date, and sees that they are.
   * @throws TuttiError where HAProxy does not do as it is told
   */
  async apply(backends: readonly Backend[]): Promise<void> {
    const tables = this.tables.get(this.current);
    if (tables) await this.applyTo(this.current, tables, backends);
  }

  /** What is under way to these tasks, over all processes; those with nothing are left out. */
  async inFlight(tasks: ReadonlySet<string>, backends: readonly Backend[]): Promise<Map<string, number>> {
    const sums = new Map<string, number>();
    await Promise.all([...this.tables].map(([pid, tables]) => this.count(pid, tables, { tasks, backends, sums })));
    return sums;
  }

  private async applyTo(pid: number, tables: Tables, backends: readonly Backend[]): Promise<void> {
    const steps = backends.flatMap((backend) => {
      const table = tables.get(backend.name);
      return table ? [{ name: backend.name, ...step(table, this.options.wanted(backend), backend) }] : [];
    });
    const changed = steps.filter(({ lines }) => lines.length > 0);
    if (changed.length === 0) return;
    const shows = changed.map(({ name }) => `show servers state ${name}`);
    const answer = await this.options.haproxy.socket.tell(pid, [...changed.flatMap(({ lines }) => lines), ...shows]);
    const shown = byBackend(readServers(answer));
    for (const { name, table } of changed) {
      if (!isAsShown(table, shown.get(name) ?? []))
        throw await this.refused(pid, `does not have the servers of ${name} as it was told`);
      tables.set(name, table);
    }
  }

  private async refused(pid: number, what: string): Promise<TuttiError> {
    const now = await this.options.haproxy.processes();
    if (now && ![...now.current, ...now.old].includes(pid)) this.tables.delete(pid);
    return new TuttiError('unavailable', `process ${pid} of HAProxy ${what}`);
  }

  private async count(
    pid: number,
    tables: Tables,
    { tasks, backends, sums }: { tasks: ReadonlySet<string>; backends: readonly Backend[]; sums: Map<string, number> },
  ): Promise<void> {
    const names = backends.map(({ name }) => name).filter((name) => tables.has(name));
    if (names.length === 0) return;
    const answer = await this.options.haproxy.socket.tell(
      pid,
      names.map((name) => `show stat ${name} 4 -1`),
    );
    for (const { backend, name, sessions } of readSessions(answer)) {
      if (sessions === 0) continue;
      const task = tables.get(backend)?.find((slot) => slot.name === name)?.task;
      // Nobody knows whose it is: it may be any of those that leave.
      const whose = task === UNKNOWN ? [...tasks] : task !== undefined && tasks.has(task) ? [task] : [];
      for (const one of whose) sums.set(one, (sums.get(one) ?? 0) + sessions);
    }
  }
}

function byBackend(servers: readonly ServerState[]): Map<string, ServerState[]> {
  const found = new Map<string, ServerState[]>();
  for (const server of servers) found.set(server.backend, [...(found.get(server.backend) ?? []), server]);
  return found;
}
