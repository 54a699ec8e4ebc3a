import { CLUSTER_NAMESPACE, type AppRef, type RecordKind, type ServiceRef, type TaskRef } from '@tutti/model';

/** The key of one record in STATE; `K` says what stands there. Only this catalogue makes keys. */
export type Key<K extends RecordKind = RecordKind> = string & { readonly __kind: K };

/** A prefix of keys of one kind, for lists and watches. */
export type KeyFilter<K extends RecordKind = RecordKind> = string & { readonly __filter: K };

const key = <K extends RecordKind>(kind: K, ...tokens: (string | number)[]): Key<K> =>
  [kind, ...tokens].join('.') as Key<K>;

const filter = <K extends RecordKind>(kind: K, ...tokens: string[]): KeyFilter<K> =>
  [kind, ...tokens].join('.') as KeyFilter<K>;

/** Which contents of a config or secret. */
export interface ContentRef extends AppRef {
  name: string;
  digest: string;
}

/** A name such as `nginx.conf` is one token: `=` stands for its dots, and in no name. */
const contentTokens = (r: ContentRef): string[] => [r.namespace, r.app, r.name.replaceAll('.', '='), r.digest];

const taskTokens = (t: TaskRef): string[] => [t.node, t.namespace, t.app, t.service, t.task];

/** Keys lead with what their reader filters on, so that an agent pays for its own tasks only. */
export const keys = {
  app: (r: AppRef) => key('app', r.namespace, r.app),
  revision: (r: AppRef & { revision: number }) => key('revision', r.namespace, r.app, r.revision),
  config: (r: ContentRef) => key('config', ...contentTokens(r)),
  secret: (r: ContentRef) => key('secret', ...contentTokens(r)),
  outcome: (r: { namespace: string; command: string }) => key('outcome', r.namespace, r.command),
  availability: (r: { node: string }) => key('availability', r.node),
  rebalance: () => key('rebalance', CLUSTER_NAMESPACE),
  liveness: (r: { node: string }) => key('liveness', r.node),
  moves: () => key('moves', CLUSTER_NAMESPACE),
  task: (r: TaskRef) => key('task', ...taskTokens(r)),
  ledger: (r: { node: string }) => key('ledger', r.node),
  rollout: (r: AppRef) => key('rollout', r.namespace, r.app),
  node: (r: { node: string }) => key('node', r.node),
  status: (r: TaskRef) => key('status', ...taskTokens(r)),
  health: (r: TaskRef) => key('health', ...taskTokens(r)),
  incident: (r: { namespace: string; app?: string; incident: string }) =>
    key('incident', r.namespace, r.app ?? '_', r.incident),
  analysis: (r: ServiceRef) => key('analysis', r.namespace, r.app, r.service),
  endpoints: (r: ServiceRef) => key('endpoints', r.namespace, r.app, r.service),
  route: (r: ServiceRef) => key('route', r.namespace, r.app, r.service),
  addressing: () => key('addressing', CLUSTER_NAMESPACE),
  range: (r: { node: string }) => key('range', r.node),
  virtual: (r: ServiceRef) => key('virtual', r.namespace, r.app, r.service),
  bridges: (r: { node: string }) => key('bridges', r.node),
  tunnel: (r: { node: string }) => key('tunnel', r.node),
  proxy: (r: { node: string }) => key('proxy', r.node),
  usage: (r: TaskRef) => key('usage', r.namespace, r.app, r.service, r.node, r.task),
} as const;

/** Filters over keys: `filters.task({ node })`, `filters.app({ namespace })`, `filters.all('node')`. */
export const filters = {
  /** Just the record under this key. */
  one: <K extends RecordKind>(of: Key<K>) => filter(kindOf(of), of.slice(of.indexOf('.') + 1)),
  all: <K extends RecordKind>(kind: K) => filter(kind, '>'),
  inNamespace: <K extends 'app' | 'revision' | 'outcome' | 'rollout' | 'incident' | 'endpoints' | 'route' | 'usage'>(
    kind: K,
    namespace: string,
  ) => filter(kind, namespace, '>'),
  ofApp: <K extends 'revision' | 'config' | 'secret' | 'incident' | 'endpoints' | 'route' | 'usage'>(
    kind: K,
    r: AppRef,
  ) => filter(kind, r.namespace, r.app, '>'),
  /** Tasks, statuses or health verdicts of one node. */
  onNode: <K extends 'task' | 'status' | 'health'>(kind: K, node: string) => filter(kind, node, '>'),
  /** Tasks, statuses or health verdicts of an application, or of all in a namespace, on any node. */
  tasksOf: <K extends 'task' | 'status' | 'health'>(kind: K, r: { namespace: string; app?: string }) =>
    r.app === undefined ? filter(kind, '*', r.namespace, '>') : filter(kind, '*', r.namespace, r.app, '>'),
} as const;

/** The kind of the record that stands under a key. */
export function kindOf<K extends RecordKind>(of: Key<K> | KeyFilter<K>): K {
  return of.slice(0, of.indexOf('.')) as K;
}
