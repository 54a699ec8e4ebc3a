import type { Resources } from '@tutti/model';
import { DEFAULT_LIMITS } from './core/defaults.js';

/** Injection token of {@link PolicySettings}. */
export const SETTINGS = Symbol('SETTINGS');

export interface PolicySettings {
  /** What a service gets that states no limit. */
  defaultLimits: Resources;
}

export const DEFAULT_SETTINGS: PolicySettings = { defaultLimits: DEFAULT_LIMITS };
