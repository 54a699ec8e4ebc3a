import type { UpdateSpec } from '@tutti/model';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';
import { duration, integer, number, oneOf } from './scalars.js';

const honoured = {
  parallelism: '1 where not given; 0 is all at once',
  delay: 'from when the last new task was healthy',
  monitor:
    '5s where not given: a new task has to serve so long before the one it replaces goes and the next ones are replaced',
  max_failure_ratio:
    'of all tasks of the service; one counts as failed that could not be started, is unhealthy, or ended or was restarted before the rollout was done',
};

export const UPDATE_KEYS = keyTable('services.*.deploy.update_config', {
  honoured: {
    ...honoured,
    failure_action:
      'rollback where not given (Swarm: pause): all of the application goes back to the last revision that was completely rolled out',
    order:
      'where not given, start-first if a new container can run beside the old one, and stop-first if they would meet at a fixed port of their host or a writable volume (Compose: stop-first)',
  },
});

export const ROLLBACK_KEYS = keyTable('services.*.deploy.rollback_config', {
  honoured: {
    ...honoured,
    failure_action: 'pause where not given; what was going back goes no further then, and the rollout has failed',
    order: 'as for updates where not given',
  },
});

const ORDERS = ['start-first', 'stop-first'] as const;
const MONITOR_MS = 5000;

/** How a changed service is brought in, and how it is brought back. */
export function updates(
  config: { update?: Place; rollback?: Place },
  beside: UpdateSpec['order'],
): { update: UpdateSpec; rollback: UpdateSpec } {
  const update = read(config.update, {
    order: beside,
    failureAction: 'rollback',
    allowed: ['continue', 'pause', 'rollback'],
  });
  const rollback = read(config.rollback, {
    order: update.order,
    failureAction: 'pause',
    allowed: ['continue', 'pause'],
  });
  return { update, rollback };
}

type Action = UpdateSpec['failureAction'];

function read(
  place: Place | undefined,
  defaults: { order: UpdateSpec['order']; failureAction: Action; allowed: readonly Action[] },
): UpdateSpec {
  const keys = section(place, defaults.allowed.includes('rollback') ? UPDATE_KEYS : ROLLBACK_KEYS);
  return {
    parallelism: integer(keys.at('parallelism'), { min: 0 }) ?? 1,
    delayMs: duration(keys.at('delay')) ?? 0,
    order: oneOf(keys.at('order'), ORDERS) ?? defaults.order,
    failureAction: oneOf(keys.at('failure_action'), defaults.allowed) ?? defaults.failureAction,
    monitorMs: duration(keys.at('monitor')) ?? MONITOR_MS,
    maxFailureRatio: number(keys.at('max_failure_ratio'), { min: 0, max: 1 }) ?? 0,
  };
}
