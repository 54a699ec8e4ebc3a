import type { RecordKind } from './records/index.js';

/** The services of the control plane. */
export const SERVICES = [
  'gateway',
  'policy',
  'scheduler',
  'provisioner',
  'monitor',
  'service-discovery',
  'metering',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** One writer for a record: the law that keeps the river one-way. NATS permissions are generated from this table. */
export const OWNER: Record<RecordKind, ServiceName> = {
  app: 'policy',
  revision: 'policy',
  config: 'policy',
  secret: 'policy',
  outcome: 'policy',
  availability: 'policy',
  rebalance: 'policy',
  task: 'scheduler',
  liveness: 'scheduler',
  moves: 'scheduler',
  ledger: 'scheduler',
  rollout: 'scheduler',
  node: 'provisioner',
  status: 'provisioner',
  health: 'monitor',
  incident: 'monitor',
  analysis: 'monitor',
  endpoints: 'service-discovery',
  route: 'service-discovery',
  addressing: 'service-discovery',
  range: 'service-discovery',
  virtual: 'service-discovery',
  bridges: 'provisioner',
  tunnel: 'provisioner',
  proxy: 'provisioner',
  usage: 'metering',
};

/** The record kinds that a service may write. */
export function ownedBy(service: ServiceName): RecordKind[] {
  return (Object.keys(OWNER) as RecordKind[]).filter((kind) => OWNER[kind] === service);
}
