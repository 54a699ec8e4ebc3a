import type { BegunMove, Move, TaskRecord } from '@tutti/model';

/** Moves with how far they have come. @param tasks those of them that still have a record */
export function begunMoves(moves: readonly Move[], tasks: readonly TaskRecord[]): BegunMove[] {
  const records = new Map(tasks.map((task) => [task.task, task]));
  return moves.map((move) => {
    const task = records.get(move.task);
    if (!task || task.orphaned) return { ...move, state: 'moved' };
    // Until it is gone both are there.
    return { ...move, state: task.target === 'run' && task.displaced === undefined ? 'kept' : 'moving' };
  });
}
