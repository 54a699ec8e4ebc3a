import { NODE_GRACE_MS } from './core/node-incidents.js';

export interface MonitorSettings {
  /** How long a node may be missing after the monitor, or the bus, has come up before that is an incident. */
  nodeGraceMs: number;
}

export const DEFAULT_SETTINGS: MonitorSettings = { nodeGraceMs: NODE_GRACE_MS };

/** Injection token of the {@link MonitorSettings}. */
export const SETTINGS = Symbol('SETTINGS');
