import type { LoggerService } from '@nestjs/common';
import { keys } from '@tutti/bus';
import type { ContainerEngine, ContainerSummary } from '@tutti/engine';
import { messageOf } from '@tutti/model';
import { LABEL, ownerLabels, taskOfLabels, type Owner } from '../core/labels.js';
import type { SharedResources } from './shared-resources.js';
import { pickContainer, type TaskBoard } from './task-board.js';

export interface InventoryOptions {
  engine: ContainerEngine;
  owner: Owner;
  board: TaskBoard;
  shared: SharedResources;
  logger: LoggerService;
}

/**
 * Looks the node over: what is there under our labels is handed to its task, what no task can have is removed. Done at
 * the start and after every gap in the engine's events, when the board knows all that is wanted.
 * @returns what is being removed; each ends when it has been tried
 */
export async function takeInventory({
  engine,
  owner,
  board,
  shared,
  logger,
}: InventoryOptions): Promise<Promise<void>[]> {
  const before = board.all().map((worker) => ({ worker, id: worker.life.container?.id }));
  const containers = await engine.list({ labels: ownerLabels(owner) });
  const { tasks, strays } = sortOut(containers, owner);
  const removals = strays.map((container) => clearAway(engine, container, logger));
  for (const { ref, found } of tasks.values()) {
    const worker = board.workerOf(ref);
    const kept = pickContainer(worker.life.container?.id, found);
    const others = found.filter((container) => container !== kept);
    removals.push(...others.map((container) => clearAway(engine, container, logger)));
    const isFenced = kept?.labels[LABEL.onPartition] === 'stop';
    if (kept) worker.learn({ type: 'found', id: kept.id, isFenced });
  }
  const listed = new Set(containers.map(({ id }) => id));
  for (const { worker, id } of before) {
    // Looking at what is not there finds out that it is gone.
    if (id !== undefined && !listed.has(id) && worker.life.container?.id === id) worker.learn({ type: 'found', id });
  }
  for (const worker of board.all()) worker.learn({ type: 'engine-back' });
  await shared.sweep((app) => board.isAppHere(app));
  return removals;
}

type Found = Map<string, { ref: NonNullable<ReturnType<typeof taskOfLabels>>; found: ContainerSummary[] }>;

function sortOut(containers: readonly ContainerSummary[], owner: Owner): { tasks: Found; strays: ContainerSummary[] } {
  const tasks: Found = new Map();
  const strays: ContainerSummary[] = [];
  for (const container of containers) {
    const ref = taskOfLabels(container.labels, owner.node);
    if (!ref) strays.push(container);
    else tasks.set(keys.task(ref), { ref, found: [...(tasks.get(keys.task(ref))?.found ?? []), container] });
  }
  return { tasks, strays };
}

async function clearAway(
  engine: ContainerEngine,
  { id, name }: ContainerSummary,
  logger: LoggerService,
): Promise<void> {
  logger.warn(`removing the container ${name}: no task wants it`);
  try {
    await engine.stop(id);
    await engine.remove(id, { force: true, volumes: true });
  } catch (error) {
    logger.warn(`the container ${name} stays until the next look: ${messageOf(error)}`);
  }
}
