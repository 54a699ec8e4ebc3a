import type { RestartSpec, ServiceMode } from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';
import { duration, integer, oneOf, text } from './scalars.js';

export const RESTART_POLICY_KEYS = keyTable('services.*.deploy.restart_policy', {
  honoured: {
    condition: 'none, on-failure or any',
    delay: 'a growing wait where not given',
    max_attempts: 'no limit where not given, or 0',
    window: '',
  },
});

const CONDITIONS = ['none', 'on-failure', 'any'] as const;

/** When a container is started again: `deploy.restart_policy`, else `restart`, else always (a job: on failure). */
export function restart(policy: Place | undefined, plain: Place | undefined, mode: ServiceMode): RestartSpec {
  const job = mode.endsWith('-job');
  const found = policy ? restartPolicy(policy, job) : plainRestart(plain);
  if (job && found?.condition === 'any')
    (policy ?? plain)?.fault('restarts a job after it has succeeded: use on-failure or none');
  return found ?? { condition: job ? 'on-failure' : 'any' };
}

function restartPolicy(place: Place, job: boolean): RestartSpec {
  const keys = section(place, RESTART_POLICY_KEYS);
  return compact({
    condition: oneOf(keys.at('condition'), CONDITIONS) ?? (job ? 'on-failure' : 'any'),
    delayMs: duration(keys.at('delay')),
    maxAttempts: integer(keys.at('max_attempts'), { min: 0 }) || undefined,
    windowMs: duration(keys.at('window')),
  });
}

function plainRestart(place: Place | undefined): RestartSpec | undefined {
  const word = text(place);
  if (word === undefined) return undefined;
  // An unquoted `no` is false to older YAML readers, and may come so in JSON.
  if (word === 'no' || word === 'false') return { condition: 'none' };
  if (word === 'always' || word === 'unless-stopped') return { condition: 'any' };
  const attempts = /^on-failure(?::(\d{1,9}))?$/.exec(word);
  if (attempts)
    return compact({ condition: 'on-failure' as const, maxAttempts: Number(attempts[1] ?? 0) || undefined });
  return place?.fault(`is ${quote(word)}, but has to be one of no, always, unless-stopped, on-failure, on-failure:3`);
}
