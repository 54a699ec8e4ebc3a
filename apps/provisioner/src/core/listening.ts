import { isIngress } from '@tutti/model';
import type { Life, Listening, TaskPlan } from './life.js';

/**
 * The ports of the container that traffic will come to, where no health check says when it may: a program takes a
 * while from its start until it listens, and what comes earlier is refused.
 */
export function portsToListen({ service }: TaskPlan): number[] {
  if (service.healthcheck && service.healthcheck.test[0] !== 'NONE') return [];
  const published = service.ports.filter(isIngress).map(({ target }) => target);
  return [...new Set([...published, ...service.traffic.http.map(({ target }) => target)])];
}

/** Whether somebody has to find out whether the run that began then takes connections; what was found out stays. */
export function listeningOf({ listening, plan, addresses }: Life, run: string): Listening | undefined {
  if (listening?.run === run) return listening;
  if (!plan || portsToListen(plan).length === 0 || Object.keys(addresses).length === 0) return undefined;
  return { run, state: 'wanted' };
}

/** Whether traffic would be refused still. */
export const isDeaf = ({ listening }: Life): boolean => listening !== undefined && listening.state !== 'over';
