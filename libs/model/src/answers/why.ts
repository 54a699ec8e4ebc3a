import type { IncidentElement } from './incidents.js';

/** Why something is as it is. */
export interface WhyAnswer {
  target: string;
  kind: 'task' | 'node' | 'service' | 'app';
  summary: string;
  /** Sentences, the most telling first; those of a part are indented. */
  lines: string[];
  /** The latest that concern it, newest first. */
  incidents: IncidentElement[];
}
