import { keys, RecordTable, type Change } from '@tutti/bus';
import {
  DEFAULT_TRAFFIC,
  serviceKey,
  type AppRef,
  type EndpointsRecord,
  type LivenessRecord,
  type ProxyRecord,
  type RolloutRecord,
  type ServiceRef,
  type Verdict,
} from '@tutti/model';
import { runningOf, wantedOf, type Running, type ServiceView, type Wanted } from './core/endpoints.js';
import type { Moving } from './core/weights.js';
import { isSending, type Proxy } from './core/leaving.js';

/** `namespace/app`: what is looked at as one, of routes. */
export const appKey = ({ namespace, app }: AppRef): string => `${namespace}/${app}`;

export function refOf(key: string): ServiceRef {
  const [namespace = '', app = '', service = ''] = key.split('/');
  return { namespace, app, service };
}

/** The records that endpoints follow from. */
export const FOLLOWED = ['task', 'status', 'health', 'route', 'proxy', 'liveness', 'rollout', 'endpoints'] as const;
export type Followed = (typeof FOLLOWED)[number];

/** What is known of the tasks of services and of the proxies that send to them, folded from a watch. */
export class Picture {
  private readonly tasks = new RecordTable<'task', Wanted>({ group: serviceKey, keep: wantedOf });
  private readonly statuses = new RecordTable<'status', Running>({ group: serviceKey, keep: runningOf });
  private readonly health = new RecordTable<'health', { task: string; verdict: Verdict }>({
    group: serviceKey,
    keep: ({ task, verdict }) => ({ task, verdict }),
  });
  private readonly drainTimes = new RecordTable<'route', number>({
    group: serviceKey,
    keep: ({ proxy }) => proxy.drainMs,
  });
  private readonly allProxies = new RecordTable<'proxy', Proxy & Pick<ProxyRecord, 'state'>>({
    group: ({ node }) => node,
    keep: ({ node, applied, inFlight, state }) => ({ node, applied, inFlight, state }),
  });
  private readonly liveness = new RecordTable<'liveness', LivenessRecord['state']>({
    group: ({ node }) => node,
    keep: ({ state }) => state,
  });
  /** Of each application, the services whose traffic moves to a new version. */
  private readonly moves = new RecordTable<'rollout', Record<string, Moving>>({
    group: appKey,
    keep: ({ services }) => movingIn(services),
  });
  /** Service to its tasks that are being drained, each with the revision of the record that said so first. */
  private readonly draining = new Map<string, Map<string, number>>();

  /** Takes in a change of anything but endpoints. @returns the services that it may touch */
  take(change: Exclude<Change<Followed>, { type: 'ready' }>): Iterable<string> {
    switch (change.kind) {
      case 'task':
        return some(this.tasks.take(change as Change<'task'>));
      case 'status':
        return some(this.statuses.take(change as Change<'status'>));
      case 'health':
        return some(this.health.take(change as Change<'health'>));
      case 'route':
        return some(this.drainTimes.take(change as Change<'route'>));
      case 'proxy':
        return this.allProxies.take(change as Change<'proxy'>) === undefined ? [] : this.draining.keys();
      case 'liveness':
        return this.liveness.take(change as Change<'liveness'>) === undefined ? [] : this.draining.keys();
      case 'rollout':
        return this.takeRollout(change as Change<'rollout'>);
      case 'endpoints':
        return this.note(change as Change<'endpoints'>);
    }
  }

  private takeRollout(change: Change<'rollout'>): Iterable<string> {
    if (change.type === 'ready') return [];
    const [, namespace = '', app = ''] = change.key.split('.');
    const services = (): string[] => Object.keys(this.moves.in(appKey({ namespace, app }))[0] ?? {});
    const before = services();
    this.moves.take(change);
    const touched = new Set([...before, ...services()]);
    return [...touched].map((service) => serviceKey({ namespace, app, service }));
  }

  /** Remembers which version of the endpoints was the first that lists a task as leaving. */
  private note(change: Change<'endpoints'>): Iterable<string> {
    if (change.type === 'ready') return [];
    const [, namespace = '', app = '', service = ''] = change.key.split('.');
    const key = serviceKey({ namespace, app, service });
    const uncleared = change.type === 'put' ? (change.record.leaving ?? []).filter(({ cleared }) => !cleared) : [];
    const before = this.draining.get(key);
    if (uncleared.length === 0) {
      this.draining.delete(key);
      return [];
    }
    this.draining.set(key, new Map(uncleared.map(({ task }) => [task, before?.get(task) ?? change.revision])));
    return [key];
  }

  /** Whether nothing is left of a service. */
  isGone(service: string): boolean {
    return this.tasks.count(service) === 0 && this.statuses.count(service) === 0;
  }

  view(service: string): ServiceView {
    const verdicts = new Map(this.health.in(service).map(({ task, verdict }) => [task, verdict]));
    const ref = refOf(service);
    const moving = this.moves.in(appKey(ref))[0]?.[ref.service];
    return {
      tasks: this.tasks.in(service),
      statuses: this.statuses.in(service),
      verdictOf: (task) => verdicts.get(task),
      ...(moving && { moving }),
    };
  }

  leavingSince(service: string, task: string): number | undefined {
    return this.draining.get(service)?.get(task);
  }

  drainMs(service: string): number {
    return this.drainTimes.get(keys.route(refOf(service)))?.value ?? DEFAULT_TRAFFIC.drainMs;
  }

  /** Proxies that may send to tasks. */
  proxies(): Proxy[] {
    return [...this.allProxies.groupNames()]
      .flatMap((node) => this.allProxies.in(node))
      .filter((proxy) => isSending(proxy, this.liveness.get(keys.liveness(proxy))?.value));
  }
}

function movingIn(services: RolloutRecord['services']): Record<string, Moving> {
  const all = Object.entries(services).flatMap(([name, { shift }]) => {
    if (!shift) return [];
    const { digest, share, measured } = shift;
    return [[name, { digest, share, ...(measured && { measured }) }] as const];
  });
  return Object.fromEntries(all);
}

const some = (service: string | undefined): string[] => (service === undefined ? [] : [service]);

/** Nobody reaches a service without a record. */
export const NO_ENDPOINTS: Pick<EndpointsRecord, 'endpoints' | 'leaving'> = { endpoints: [] };
