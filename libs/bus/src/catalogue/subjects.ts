import { CLUSTER_NAMESPACE, type CommandVerb, type NodeVerb, type RecordKind, type TaskRef } from '@tutti/model';

/** The bucket that holds STATE, and the subject space the KV convention gives it. */
export const STATE_BUCKET = 'state';
const STATE_PREFIX = `$KV.${STATE_BUCKET}.`;

/** Every subject of the bus. Nobody else builds a subject string; the linter holds that. */
export const subjects = {
  state: (key: string) => `${STATE_PREFIX}${key}`,
  command: (namespace: string, verb: CommandVerb) => `tutti.cmd.${namespace}.app.${verb}`,
  commands: 'tutti.cmd.>',
  commandPattern: (verb: CommandVerb) => `tutti.cmd.*.app.${verb}`,
  nodeCommand: (verb: NodeVerb, namespace: string = CLUSTER_NAMESPACE) => `tutti.cmd.${namespace}.node.${verb}`,
  nodeCommandPattern: (verb: NodeVerb) => `tutti.cmd.*.node.${verb}`,
  rebalanceCommand: (namespace: string = CLUSTER_NAMESPACE) => `tutti.cmd.${namespace}.node.rebalance`,
  rebalanceCommandPattern: 'tutti.cmd.*.node.rebalance',
  events: (namespace = '*', rest = '>') => `tutti.events.${namespace}.${rest}`,
  lease: (kind: 'node' | 'service', name: string) => `tutti.lease.${kind}.${name}`,
  leases: 'tutti.lease.>',
  logs: (r: TaskRef) => `tutti.logs.${r.namespace}.${r.app}.${r.service}.${r.task}`,
  logsOf: (r: { namespace: string; app: string; service?: string; task?: string }) =>
    `tutti.logs.${r.namespace}.${r.app}.${r.service ?? '*'}.${r.task ?? '*'}`,
  samples: (node: string) => `tutti.samples.${node}`,
  /** Requests by version; subjects of their own, so that only those who judge by them take them in. */
  versions: (node: string) => `tutti.samples.${node}.versions`,
  dead: (stream: string) => `tutti.dead.${stream}`,
  rpc: (service: string, query: string) => `tutti.rpc.${service}.${query}`,
} as const;

/** The key within STATE of a message's subject. */
export function keyOfSubject(subject: string): string {
  return subject.slice(STATE_PREFIX.length);
}

/** Whether what is in configs and secrets may stand in a message: deploys bring it, and STATE keeps it. */
export function mayHoldContents(subject: string): boolean {
  return /^tutti\.cmd\..*\.deploy$/.test(subject) || /^(config|secret)\./.test(keyOfSubject(subject));
}

/** The namespace that a command's subject names, or undefined when the subject is not of a command's shape. */
export function namespaceOfCommand(subject: string): string | undefined {
  return /^tutti\.cmd\.([^.]+)\.(?:app|node)\.[^.]+$/.exec(subject)?.[1];
}

/** Whether `subject` matches `pattern` with NATS wildcards. */
export function matches(pattern: string, subject: string): boolean {
  const want = pattern.split('.');
  const have = subject.split('.');
  for (const [index, token] of want.entries()) {
    if (token === '>') return have.length > index;
    if (token !== '*' && token !== have[index]) return false;
  }
  return want.length === have.length;
}

/** Kinds whose records are in STATE alone: what is in configs and secrets has no place in a history that many may read. */
type Unrecounted = 'config' | 'secret';

/**
 * Where the server copies each kind of record in the history: `tutti.events.<namespace>.<resource>.…`.
 * Observations of a task appear under the task, so one filter follows its whole life.
 */
export const EVENT_TRANSFORMS: Record<Exclude<RecordKind, Unrecounted>, { src: string; dest: string }> = {
  app: transform('app.*.*', '{1}.app.{2}'),
  revision: transform('revision.*.*.*', '{1}.revision.{2}.{3}'),
  outcome: transform('outcome.*.*', '{1}.outcome.{2}'),
  availability: transform('availability.*', `${CLUSTER_NAMESPACE}.node.{1}.availability`),
  rebalance: transform('rebalance.*', '{1}.rebalance'),
  liveness: transform('liveness.*', `${CLUSTER_NAMESPACE}.node.{1}.liveness`),
  moves: transform('moves.*', '{1}.moves'),
  task: transform('task.*.*.*.*.*', '{2}.task.{3}.{4}.{5}.desired'),
  ledger: transform('ledger.*', `${CLUSTER_NAMESPACE}.ledger.{1}`),
  rollout: transform('rollout.*.*', '{1}.rollout.{2}'),
  node: transform('node.*', `${CLUSTER_NAMESPACE}.node.{1}`),
  status: transform('status.*.*.*.*.*', '{2}.task.{3}.{4}.{5}.observed'),
  health: transform('health.*.*.*.*.*', '{2}.health.{3}.{4}.{5}'),
  incident: transform('incident.*.*.*', '{1}.incident.{2}.{3}'),
  analysis: transform('analysis.*.*.*', '{1}.analysis.{2}.{3}'),
  endpoints: transform('endpoints.*.*.*', '{1}.endpoints.{2}.{3}'),
  route: transform('route.*.*.*', '{1}.route.{2}.{3}'),
  addressing: transform('addressing.*', '{1}.addressing'),
  range: transform('range.*', `${CLUSTER_NAMESPACE}.node.{1}.range`),
  virtual: transform('virtual.*.*.*', '{1}.virtual.{2}.{3}'),
  bridges: transform('bridges.*', `${CLUSTER_NAMESPACE}.node.{1}.bridges`),
  tunnel: transform('tunnel.*', `${CLUSTER_NAMESPACE}.node.{1}.tunnel`),
  proxy: transform('proxy.*', `${CLUSTER_NAMESPACE}.node.{1}.proxy`),
  usage: transform('usage.*.*.*.*.*', '{1}.usage.{2}.{3}.{5}'),
};

/** What could not be read shows in the history, too. */
export const DEAD_TRANSFORM = { src: 'tutti.dead.*', dest: `tutti.events.${CLUSTER_NAMESPACE}.dead.{{wildcard(1)}}` };

function transform(src: string, dest: string): { src: string; dest: string } {
  return {
    src: `${STATE_PREFIX}${src}`,
    dest: `tutti.events.${dest.replace(/\{(\d)\}/g, '{{wildcard($1)}}')}`,
  };
}
