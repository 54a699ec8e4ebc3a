import type { BridgesRecord, ProxyRecord, TunnelRecord } from './data-plane.js';
import type { UsageRecord } from './metering.js';
import type { AnalysisRecord, HealthRecord, IncidentRecord } from './monitor.js';
import type {
  AppRecord,
  AvailabilityRecord,
  ContentRecord,
  OutcomeRecord,
  RebalanceRecord,
  RevisionRecord,
} from './policy.js';
import type { NodeRecord, StatusRecord } from './provisioner.js';
import type { LedgerRecord, LivenessRecord, MovesRecord, RolloutRecord, TaskRecord } from './scheduler.js';
import type {
  AddressingRecord,
  EndpointsRecord,
  RangeRecord,
  RouteRecord,
  VirtualRecord,
} from './service-discovery.js';

export * from './data-plane.js';
export * from './metering.js';
export * from './monitor.js';
export * from './policy.js';
export * from './provisioner.js';
export * from './refs.js';
export * from './samples.js';
export * from './scheduler.js';
export * from './service-discovery.js';

/** Record kind to its type: the catalogue of what STATE may hold. */
export interface Records {
  app: AppRecord;
  revision: RevisionRecord;
  config: ContentRecord;
  secret: ContentRecord;
  outcome: OutcomeRecord;
  availability: AvailabilityRecord;
  rebalance: RebalanceRecord;
  liveness: LivenessRecord;
  moves: MovesRecord;
  task: TaskRecord;
  ledger: LedgerRecord;
  rollout: RolloutRecord;
  node: NodeRecord;
  status: StatusRecord;
  health: HealthRecord;
  incident: IncidentRecord;
  analysis: AnalysisRecord;
  endpoints: EndpointsRecord;
  route: RouteRecord;
  addressing: AddressingRecord;
  range: RangeRecord;
  virtual: VirtualRecord;
  bridges: BridgesRecord;
  tunnel: TunnelRecord;
  proxy: ProxyRecord;
  usage: UsageRecord;
}

export type RecordKind = keyof Records;
