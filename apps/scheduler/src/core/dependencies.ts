import type { DependencyCondition } from '@tutti/model';
import { hasEnded, isComplete, isCurrent, isDisplaced, isReady, isRunning, isScout, type ServiceView } from './view.js';

/** Why `service` must not be started yet, or undefined when every `depends_on` of it is met. */
export function unmetDependency(service: ServiceView, all: ReadonlyMap<string, ServiceView>): string | undefined {
  for (const [name, { condition }] of Object.entries(service.spec?.dependsOn ?? {})) {
    const dependency = all.get(name);
    // One that is not there was not required, else the file would have been refused; one scaled to nothing never comes.
    if (!dependency?.spec || dependency.desired === 0) continue;
    if (!isMet(dependency, condition)) return `waits for ${name} to ${WORDS[condition]}`;
  }
  return undefined;
}

const WORDS: Record<DependencyCondition, string> = {
  service_started: 'be started',
  service_healthy: 'be healthy',
  service_completed_successfully: 'complete',
};

/** Only tasks of the wanted spec count, so that an update goes through in the order of the dependencies, too. */
function isMet(service: ServiceView, condition: DependencyCondition): boolean {
  const current = service.tasks.filter((task) => isCurrent(service, task) && !isScout(task));
  if (condition === 'service_completed_successfully') return current.filter(isComplete).length >= service.desired;
  return current.some(condition === 'service_healthy' ? isReady : (task) => isRunning(task) || isComplete(task));
}

/** Services that must be gone before `service` is stopped when the application is removed: those that depend on it. */
export function dependentsLeft(service: ServiceView, all: ReadonlyMap<string, ServiceView>): boolean {
  return [...all.values()].some(
    (other) =>
      other.spec !== undefined &&
      Object.hasOwn(other.spec.dependsOn, service.name) &&
      other.tasks.some((task) => !hasEnded(task)),
  );
}

/** A service with tasks that are to leave their node and depend on `service`, which has to serve them until they have. */
export function dependentToMove(service: ServiceView, all: ReadonlyMap<string, ServiceView>): string | undefined {
  return [...all.values()].find(
    (other) => Object.hasOwn(other.spec?.dependsOn ?? {}, service.name) && other.tasks.some(isDisplaced),
  )?.name;
}
