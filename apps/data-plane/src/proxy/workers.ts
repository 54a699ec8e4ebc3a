import { TuttiError } from '@tutti/model';
import type { Backend } from './core/layout.js';
import type { Wanted } from './core/members.js';
import { STALE } from './core/handover.js';
import { readCounters } from './core/counters.js';
import { readServers, readSessions, type ServerState } from './core/readings.js';
import { foundTable, isAsShown, isCounted, step, UNKNOWN, type Table } from './core/table.js';
import { Tally } from './core/tally.js';
import type { Haproxy } from './haproxy/haproxy.js';

type Tables = Map<string, Table>;

interface WorkersOptions {
  haproxy: Haproxy;
  wanted(backend: Backend): Wanted;
}

/** HAProxy's processes, the one that takes connections in and those that still serve older ones, and who is behind each. */
export class Workers {
  /** The requests to tasks of services that are judged by them. */
  readonly tally = new Tally();
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
    this.tally.keepOnly(pids);
  }

  /** Takes in that a process has just begun, with these servers, and takes connections in from now on. */
  begin(pid: number, tables: ReadonlyMap<string, Table>, backends: readonly Backend[]): void {
    this.add(pid, tables);
    for (const backend of backends) this.tally.begin({ pid, backend, table: tables.get(backend.name) ?? [] });
  }

  /** Counts the requests to those tasks that are counted, over all processes. */
  async measure(backends: readonly Backend[]): Promise<void> {
    await Promise.all([...this.tables.keys()].map((pid) => this.measureIn(pid, backends)));
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
    // Under which version its requests are counted HAProxy need not know.
    for (const { name, table, lines } of steps) if (lines.length === 0) tables.set(name, table);
    if (changed.length === 0) return;
    const counted = changed.filter(({ name, table }) => isCounted(table) || isCounted(tables.get(name)));
    const counts = counted.map(({ name }) => countersOf(name));
    const shows = changed.map(({ name }) => `show servers state ${name}`);
    const lines = [...counts, ...changed.flatMap((one) => one.lines), ...shows];
    const answer = await this.options.haproxy.socket.tell(pid, lines);
    const shown = byBackend(readServers(answer));
    this.turn(pid, { answer, tables, steps: counted, backends });
    for (const { name, table } of changed) {
      if (!isAsShown(table, shown.get(name) ?? []))
        throw await this.refused(pid, `does not have the servers of ${name} as it was told`);
      tables.set(name, table);
    }
  }

  /** What servers had counted when they were given to other tasks is told apart from what they count then. */
  private turn(
    pid: number,
    of: {
      answer: string;
      tables: Tables;
      steps: readonly { name: string; table: Table }[];
      backends: readonly Backend[];
    },
  ): void {
    if (of.steps.length === 0) return;
    const { byName, readings } = this.counters(of.answer, of.backends);
    for (const { name, table } of of.steps) {
      const backend = byName.get(name);
      if (!backend) continue;
      this.tally.read({ pid, backend, table: of.tables.get(name) ?? [] }, readings, new Date().toISOString());
      this.tally.turn({ pid, backend, table }, readings);
    }
  }

  private counters(answer: string, backends: readonly Backend[]) {
    const byName = new Map(backends.map((backend) => [backend.name, backend]));
    return { byName, readings: readCounters(answer, (name) => byName.get(name)?.mode !== 'tcp') };
  }

  private async measureIn(pid: number, backends: readonly Backend[]): Promise<void> {
    const counted = backends.filter(({ name }) => isCounted(this.tables.get(pid)?.get(name)));
    if (counted.length === 0) return;
    // One that has ended answers nothing; what it had counted last was read then.
    const lines = counted.map(({ name }) => countersOf(name));
    const answer = await this.options.haproxy.socket.tell(pid, lines).catch(() => '');
    const { readings } = this.counters(answer, counted);
    for (const backend of counted) {
      const table = this.tables.get(pid)?.get(backend.name) ?? [];
      this.tally.read({ pid, backend, table }, readings, new Date().toISOString());
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
    const answer = await this.options.haproxy.socket.tell(pid, names.map(countersOf));
    for (const { backend, name, sessions } of readSessions(answer)) {
      if (sessions === 0) continue;
      const task = tables.get(backend)?.find((slot) => slot.name === name)?.task;
      // Nobody knows whose it is: it may be any of those that leave.
      const whose = task === UNKNOWN ? [...tasks] : task !== undefined && tasks.has(task) ? [task] : [];
      for (const one of whose) sums.set(one, (sums.get(one) ?? 0) + sessions);
    }
  }
}

const countersOf = (backend: string): string => `show stat ${backend} 4 -1`;

function byBackend(servers: readonly ServerState[]): Map<string, ServerState[]> {
  const found = new Map<string, ServerState[]>();
  for (const server of servers) found.set(server.backend, [...(found.get(server.backend) ?? []), server]);
  return found;
}
