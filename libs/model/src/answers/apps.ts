import type {
  AppRecord,
  AppRef,
  Endpoint,
  RevisionRecord,
  RolledBack,
  RolloutPhase,
  RolloutRecord,
  ServiceProgress,
  ServiceRef,
  Shift,
  Time,
} from '../records/index.js';
import type { PortSpec, ServiceMode } from '../spec.js';

/** An application in a list, with how far it has come. */
export interface AppElement extends AppRef {
  revision: number;
  state: AppRecord['state'];
  /** Null until the scheduler has looked at it. */
  phase: RolloutPhase | null;
  message: string;
  services: Record<string, Pick<ServiceProgress, 'desired' | 'running' | 'healthy' | 'updated'>>;
  /** When what is wanted or what has come of it changed last. */
  updatedAt: Time;
}

/** One application in full. */
export interface AppAnswer {
  app: AppRecord;
  revision: RevisionRecord | null;
  rollout: RolloutRecord | null;
}

/** A revision of an application. */
export interface RevisionElement {
  revision: number;
  createdAt: Time;
  /** The id of the command that made it. */
  command: string;
  /** The revision whose spec it took over, if it came from a rollback. */
  rollbackOf?: number;
  /** Whether it is the one that is wanted. */
  current: boolean;
  /** Whether it is the one whose spec tasks get: another one than is wanted after an update has failed. */
  inEffect: boolean;
  /** Services whose traffic is moving to it, and how far that is. */
  shifts?: Record<string, Shift>;
  /** Where it was given up: for which one, and why. */
  rolledBack?: RolledBack;
  /** Service name to image. */
  services: Record<string, string>;
}

/** A service with what runs of it and where it can be reached. */
export interface ServiceElement extends ServiceRef, Pick<ServiceProgress, 'desired' | 'running' | 'healthy'> {
  mode: ServiceMode;
  image: string;
  /** What its file asks for; what was given is with the endpoints. */
  ports: Pick<PortSpec, 'target' | 'published' | 'protocol'>[];
  endpoints: Omit<Endpoint, 'slot'>[];
}
