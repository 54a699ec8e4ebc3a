import type { Fault, OutcomeRecord, RolloutPhase } from '@tutti/model';

// The shapes that the gateway answers with, as far as the command line reads them.

export interface TaskElement {
  task: string | null;
  namespace?: string;
  app: string;
  service: string;
  slot: number;
  node: string | null;
  state: string;
  desired: string;
  health: string;
  image: string;
  revision: number;
  container: string | null;
  ports: { host: number; container: number; protocol: string }[];
  restarts: number;
  since: string | null;
  message?: string | null;
}

export interface AppElement {
  namespace: string;
  app: string;
  revision: number;
  state: string;
  phase: RolloutPhase | null;
  message?: string;
  services: Record<string, { desired: number; running: number; healthy: number; updated: number }>;
  updatedAt: string;
}

export interface Amount {
  cpu: number;
  memory: number;
}

export interface NodeElement {
  node: string;
  state: string;
  labels: Record<string, string>;
  engine: { kind: string; version: string; os?: string; arch?: string };
  capacity: Amount;
  reserved: Amount;
  tasks: number;
}

export interface ServiceElement {
  namespace: string;
  app: string;
  service: string;
  mode: string;
  desired: number;
  running: number;
  healthy: number;
  image: string;
  ports: { host?: number; published?: unknown; container?: number; target?: number; protocol: string }[];
  endpoints: { task: string; ports: { host: number; container: number; protocol: string }[] }[];
}

export interface IncidentElement {
  incident: string;
  kind: string;
  namespace?: string;
  app?: string | null;
  service?: string | null;
  task?: string | null;
  node?: string | null;
  cause: string;
  exitCode?: number | null;
  oom?: boolean;
  logs: string[];
  action: string;
  openedAt: string;
  resolvedAt?: string | null;
  downMs?: number | null;
}

export interface RevisionElement {
  revision: number;
  createdAt: string;
  command: string;
  rollbackOf?: number;
  current: boolean;
  services: Record<string, string>;
}

export interface PlanAnswer {
  app: string;
  namespace: string;
  revision: number;
  unchanged: boolean;
  steps: { action: string; service: string; slot: number; node?: string; task?: string; reason: string }[];
  pending: { service: string; slot: number; reason: string }[];
  ignored: Fault[];
  findings: Fault[];
}

export interface UsageElement {
  namespace: string;
  app?: string;
  service?: string;
  containerSeconds: number;
  cpuSeconds: number;
  memoryByteSeconds: number;
  tasks: number;
  from: string;
  to: string;
}

export interface StatusAnswer {
  healthy: boolean;
  bus: {
    server: string;
    version: string;
    connected: boolean;
    streams: { name: string; messages: number; bytes: number }[];
  };
  services: { name: string; version: string | null; state: string; since: string | null }[];
  nodes: { ready: number; down: number; total: number };
  capacity: Amount;
  reserved: Amount;
  tasks: { running: number; total: number };
  incidents: { open: number };
  apps: number;
}

export interface WhyAnswer {
  target: string;
  kind: string;
  summary: string;
  lines: string[];
  incidents: IncidentElement[];
}

export interface LogElement {
  at: string;
  stream: 'stdout' | 'stderr';
  line: string;
  task: string;
  service: string;
  slot?: number;
  node: string;
}

export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  causationid?: string;
  sequence?: string | number;
  data?: unknown;
}

export type Outcome = OutcomeRecord;
