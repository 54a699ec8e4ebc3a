// Compose files for tests: services that sleep, and end at once when they are asked to.
import { BUSYBOX_IMAGE } from '@tutti/testing';

/** Ends on SIGTERM at once, so that taking apart costs no grace period; says so, so that logs have something to show. */
export const SLEEPER = ['sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 3600 & wait $!; done'];

/** Room for a hundred on a small machine. */
const RESOURCES = { limits: { cpus: '0.5', memory: '32M' }, reservations: { cpus: '0.01', memory: '8M' } };

/** New tasks are watched for a moment only: what is tested here is not what fails later. */
const WATCHED = { update_config: { monitor: '500ms' }, rollback_config: { monitor: '500ms' } };

/** A service that runs {@link SLEEPER}; `more` is laid over it. */
export function sleeper(replicas = 1, more = {}) {
  return {
    image: BUSYBOX_IMAGE,
    command: SLEEPER,
    // A signal that comes before the shell has set its trap is lost.
    stop_grace_period: '1s',
    deploy: { replicas, resources: RESOURCES, ...WATCHED },
    ...more,
  };
}

/** The text of a compose file; JSON is YAML. */
export function compose(services, more = {}) {
  return JSON.stringify({ services, ...more });
}
