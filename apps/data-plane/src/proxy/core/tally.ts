import { serviceKey, type ServiceVersions, type Time, type VersionTraffic } from '@tutti/model';
import { between, later, NOTHING, type Counters, type Increment } from './counters.js';
import type { Backend } from './layout.js';
import { UNKNOWN, type Slot, type Table } from './table.js';

/** Whose a server is, and what it had counted when that was read last. */
interface Place {
  task: string;
  last: Counters;
}

type Readings = ReadonlyMap<string, Counters>;

/** A back end of one process of HAProxy, and whose its servers are. */
export interface Sight {
  pid: number;
  backend: Backend;
  table: Table;
}

/**
 * Sums up the requests to the tasks of each version of a service. A server of HAProxy is given to one task after the other,
 * and counts on: so what it had counted when a task got it is taken off. Kept for as long as a version is counted.
 */
export class Tally {
  /** Process to `back end/server`. */
  private readonly places = new Map<number, Map<string, Place>>();
  /** Service to version. */
  private readonly sums = new Map<string, Map<string, VersionTraffic>>();

  /** Takes in what the servers of a back end have counted, while it is known whose they are. */
  read({ pid, backend, table }: Sight, readings: Readings, at: Time): void {
    for (const slot of table) {
      const { task, digest } = slot;
      const name = `${backend.name}/${slot.name}`;
      const counters = readings.get(name);
      if (task === undefined || task === UNKNOWN || digest === undefined || !counters) continue;
      const place = this.placesOf(pid).get(name);
      const known = place?.task === task ? place : undefined;
      this.placesOf(pid).set(name, { task, last: known ? later(known.last, counters) : counters });
      this.add(backend, { digest, at }, known && between(known.last, counters));
    }
  }

  /** Takes in that servers go to other tasks: `table` is what a back end has from now on, and `readings` are from just before. */
  turn({ pid, backend, table }: Sight, readings: Readings): void {
    for (const slot of table) this.put(pid, { backend, slot }, (name) => readings.get(name) ?? NOTHING);
  }

  /** Takes in that a process has begun, in which nothing has been counted yet. */
  begin({ pid, backend, table }: Sight): void {
    for (const slot of table) this.put(pid, { backend, slot }, () => NOTHING);
  }

  /** Forgets processes that have ended. */
  keepOnly(pids: readonly number[]): void {
    for (const pid of this.places.keys()) if (!pids.includes(pid)) this.places.delete(pid);
  }

  /** The sums of these services; those of others are forgotten. */
  told(services: ReadonlySet<string>): ServiceVersions[] {
    for (const service of this.sums.keys()) if (!services.has(service)) this.sums.delete(service);
    return [...this.sums].map(([key, versions]) => {
      const [namespace = '', app = '', service = ''] = key.split('/');
      return { namespace, app, service, versions: [...versions.values()] };
    });
  }

  private put(pid: number, { backend, slot }: { backend: Backend; slot: Slot }, had: (name: string) => Counters): void {
    const name = `${backend.name}/${slot.name}`;
    const place = this.placesOf(pid).get(name);
    const { task, digest } = slot;
    if (task === undefined || task === UNKNOWN || digest === undefined) this.placesOf(pid).delete(name);
    else if (place?.task !== task) this.placesOf(pid).set(name, { task, last: had(name) });
  }

  private placesOf(pid: number): Map<string, Place> {
    const places = this.places.get(pid) ?? new Map<string, Place>();
    if (places.size === 0) this.places.set(pid, places);
    return places;
  }

  private add(backend: Backend, { digest, at }: { digest: string; at: Time }, more: Increment | undefined): void {
    const versions = this.sums.get(serviceKey(backend)) ?? new Map<string, VersionTraffic>();
    this.sums.set(serviceKey(backend), versions);
    const sum = versions.get(digest) ?? { digest, since: at, requests: 0, failed: 0, timed: 0, tookMs: 0 };
    const { requests, failed, timed, tookMs } = more ?? { requests: 0, failed: 0, timed: 0, tookMs: 0 };
    versions.set(digest, {
      ...sum,
      requests: sum.requests + requests,
      failed: sum.failed + failed,
      timed: sum.timed + timed,
      tookMs: sum.tookMs + tookMs,
    });
  }
}
