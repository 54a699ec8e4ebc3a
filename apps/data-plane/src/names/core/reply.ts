import type { Found } from './name-table.js';

/** Answers whoever asks whether this is our resolver; no name of a service looks like that. */
export const READY_NAME = 'ready.resolver.tutti';

/** What is asked for. */
export interface Question {
  name: string;
  type: string;
}

/** Addresses, perhaps none, of a name that there is; `forward`: others are to be asked. */
export type Reply = { addresses: string[]; all: boolean } | 'forward';

/**
 * Answers a question from what is known. A known name has addresses of version 4 only: of anything else it has none, which
 * is not the same as that there is no such name.
 * @param chance decides on the order: clients take the first one
 */
export function replyTo(
  { name, type }: Question,
  find: (name: string) => Found | undefined,
  chance: () => number,
): Reply {
  if (name.toLowerCase() === READY_NAME) return { addresses: [], all: false };
  const found = find(name);
  if (!found) return 'forward';
  return { addresses: type === 'A' ? shuffled(found.addresses, chance) : [], all: found.all };
}

function shuffled<T>(items: readonly T[], chance: () => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(chance() * left.length), 1)[0] as T);
}

/** The servers that a file like /etc/resolv.conf names, at most three, as the system's own resolver has it. */
export function serversIn(text: string): string[] {
  const named = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return named.slice(0, 3);
}
