import type { Holder } from '../up/lock.js';

/** Who holds an agent's folder. */
export const AGENT: Holder = { mark: ' join', name: 'an agent', stop: 'tutti leave' };
