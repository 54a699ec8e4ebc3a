import type { RolloutRecord, ServiceProgress, Shift } from '@tutti/model';
import type { Paint } from './style.js';

/** How waiting for a rollout ends; `undefined` while it goes on. */
export type RolloutEnd = 'done' | 'waits' | 'failed' | 'paused' | 'rolled-back';

/** Whether `rollout` has ended for a change that was accepted as `generation`. */
export function endOf(rollout: RolloutRecord | null, generation: number): RolloutEnd | undefined {
  if (!rollout || rollout.generation < generation) return undefined;
  const { phase, rolledBack } = rollout;
  // What was rolled back before this change is what it was made upon.
  if (phase === 'rolled-back') return (rolledBack?.generation ?? 0) < generation ? 'done' : 'rolled-back';
  // A later change may have superseded the one waited for: then its own fate decides.
  if (phase === 'progressing' && isWaiting(rollout)) return 'waits';
  return phase === 'done' || phase === 'failed' || phase === 'paused' ? phase : undefined;
}

/** Whether all that is under way waits for somebody to promote it. */
function isWaiting({ services }: RolloutRecord): boolean {
  const all = Object.values(services);
  const isThere = ({ shift, desired, updated, healthy }: ServiceProgress): boolean =>
    shift ? shift.waits === true : updated >= desired && healthy >= desired;
  return all.some(({ shift }) => shift?.waits) && all.every(isThere);
}

/** Where the traffic of each service stands that moves to a new version. */
export function shiftSentences({ services }: RolloutRecord): string[] {
  return Object.entries(services).flatMap(([name, { shift }]) => (shift ? [`${name} ${shiftText(shift)}`] : []));
}

/** `step 1 of 3, 10% of the traffic; waits for tutti promote`. */
export function shiftText({ step, steps, share, since, waits, waitsFor }: Shift): string {
  const still = waits ? '`tutti promote` or `tutti abort`' : waitsFor;
  const then = still !== undefined ? `; waits for ${still}` : since ? '' : '; its tasks are being started';
  return `step ${step} of ${steps}, ${share}% of the traffic${then}`;
}

/**
 * Whether all that still lacks is slots without a place: nothing starts, nothing waits for something that could come.
 * Such a rollout only ends when somebody changes the cluster.
 */
export function isStuck(rollout: RolloutRecord | null, generation: number): boolean {
  if (!rollout || rollout.generation < generation || rollout.phase !== 'progressing') return false;
  const services = Object.values(rollout.services);
  const lacking = services.filter((service) => service.updated < service.desired || service.healthy < service.desired);
  const blocked = (service: ServiceProgress): boolean =>
    service.waiting === undefined &&
    service.pending.length > 0 &&
    service.healthy + service.pending.length >= service.desired;
  return lacking.some(blocked) && lacking.every((service) => blocked(service) || service.waiting !== undefined);
}

/** One line a service: how far it is, and what it waits for. */
export function progressLines(rollout: RolloutRecord, paint: Paint): string[] {
  const entries = Object.entries(rollout.services);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, service]) => {
    const done = service.updated >= service.desired && service.healthy >= service.desired;
    const count = `${Math.min(service.healthy, service.desired)}/${service.desired}`;
    return `  ${name.padEnd(width)}  ${paint(count, done ? 'good' : 'busy')}${paint(detailOf(service, done), 'dim')}`;
  });
}

function detailOf(service: ServiceProgress, done: boolean): string {
  if (service.waiting) return `  ${service.waiting}`;
  const [pending] = service.pending;
  if (pending) return `  ${service.pending.length} pending: ${pending.reason}`;
  if (service.shift) return `  ${shiftText(service.shift)}`;
  if (done) return '';
  const parts = [
    `${service.updated} of ${service.desired} updated`,
    `${service.running} running`,
    ...(service.failed > 0 ? [`${service.failed} failed`] : []),
  ];
  return `  ${parts.join(', ')}`;
}

/** What became of a revision that failed, in one sentence. */
export function rolledBackSentence({ rolledBack }: RolloutRecord): string | undefined {
  if (!rolledBack) return undefined;
  const { from, to, cause, aborted } = rolledBack;
  return `revision ${from} ${aborted ? 'was aborted' : 'failed'} and was rolled back to revision ${to}: ${cause}`;
}

/** Every pending slot with its reason, once a reason and service. */
export function pendingReasons(rollout: RolloutRecord): string[] {
  return Object.entries(rollout.services).flatMap(([name, { pending }]) =>
    [...new Set(pending.map(({ reason }) => reason))].map((reason) => `${name}: ${reason}`),
  );
}
