import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isFailure,
  isTerminal,
  STATE_RANK,
  STATE_TRANSITIONS,
  supersedes,
  TARGET_RANK,
  TARGET_TRANSITIONS,
  type Observation,
  type TaskState,
  type Transition,
} from './task-states.js';

const STATES = Object.keys(STATE_RANK) as TaskState[];

const tables = [
  { name: 'observed', transitions: STATE_TRANSITIONS as readonly Transition<string>[], rank: STATE_RANK },
  { name: 'target', transitions: TARGET_TRANSITIONS as readonly Transition<string>[], rank: TARGET_RANK },
].map((table) => ({ ...table, rank: table.rank as Record<string, number> }));

function reachable(transitions: readonly Transition<string>[]): Set<string> {
  const found = new Set(['none']);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const { from, to } of transitions) if (found.has(from)) found.add(to);
  }
  return found;
}

describe.each(tables)('the transitions of the $name state', ({ transitions, rank }) => {
  test('never go back in rank', () => {
    for (const { from, to } of transitions) {
      expect(rank[to]).toBeGreaterThan(from === 'none' ? -1 : (rank[from] ?? Infinity));
    }
  });

  test('out of one state belong to one service', () => {
    const owners = new Map<string, Set<string>>();
    for (const { from, owner } of transitions) owners.set(from, (owners.get(from) ?? new Set()).add(owner));
    for (const [, services] of owners) expect(services.size).toBe(1);
  });

  test('are each listed once', () => {
    const edges = transitions.map(({ from, to }) => `${from} ${to}`);
    expect(new Set(edges).size).toBe(edges.length);
  });

  test('reach every state; only the scheduler\'s verdict "orphaned" is none of the agent\'s', () => {
    const found = reachable(transitions);
    for (const state of Object.keys(rank)) expect(found.has(state)).toBe(state !== 'orphaned');
  });
});

test('no edge leads out of a terminal state, and every other state has one', () => {
  const left = new Set(STATE_TRANSITIONS.map(({ from }) => from));
  for (const state of STATES) expect(left.has(state)).toBe(!isTerminal(state));
});

test('every failure is terminal', () => {
  for (const state of STATES.filter(isFailure)) expect(isTerminal(state)).toBe(true);
});

test('ranks differ', () => {
  expect(new Set(Object.values(STATE_RANK)).size).toBe(STATES.length);
});

describe('supersedes', () => {
  const observation: fc.Arbitrary<Observation> = fc.record({
    restarts: fc.integer({ min: 0, max: 3 }),
    state: fc.constantFrom(...STATES),
  });

  test('is a strict order: nothing supersedes itself, no two each other, and it carries over', () => {
    fc.assert(
      fc.property(observation, observation, observation, (a, b, c) => {
        expect(supersedes(a, a)).toBe(false);
        expect(supersedes(a, b) && supersedes(b, a)).toBe(false);
        if (supersedes(c, b) && supersedes(b, a)) expect(supersedes(c, a)).toBe(true);
      }),
    );
  });

  test('ends in the same observation in whatever order, and however often, the reports of a life come', () => {
    const life = fc
      .integer({ min: 0, max: 4 })
      .map((restarts): Observation[] => [
        ...Array.from({ length: restarts + 1 }, (_, run) =>
          (['starting', 'running'] as const).map((state) => ({ restarts: run, state })),
        ).flat(),
        { restarts, state: 'failed' },
      ]);
    const shuffled = life.chain((reports) =>
      fc
        .shuffledSubarray([...reports, ...reports], { minLength: 2 * reports.length })
        .map((mixed) => ({ reports, mixed })),
    );
    fc.assert(
      fc.property(shuffled, ({ reports, mixed }) => {
        const keep = (last: Observation | undefined, next: Observation): Observation =>
          last && !supersedes(next, last) ? last : next;
        expect(mixed.reduce(keep, undefined as Observation | undefined)).toEqual(reports.at(-1));
      }),
    );
  });

  test('anything says more than nothing; nothing says more than an end', () => {
    fc.assert(
      fc.property(observation, observation, (a, b) => {
        expect(supersedes(a, undefined)).toBe(true);
        if (isTerminal(b.state)) expect(supersedes(a, b)).toBe(false);
      }),
    );
  });
});

/** The table of docs/task-model.md, made from the transitions. */
function tableOf(transitions: readonly Transition<string>[]): string {
  const rows = new Map<string, { to: string[]; owner: string }>();
  for (const { from, to, owner } of transitions) {
    const row = rows.get(from) ?? { to: [], owner };
    rows.set(from, { ...row, to: [...row.to, to] });
  }
  const lines = [...rows].map(([from, { to, owner }]) => `| ${from} | ${to.join(', ')} | ${owner} |`);
  return ['| from | to | written by |', '| --- | --- | --- |', ...lines].join('\n');
}

test.each(tables)('docs/task-model.md shows the transitions of the $name state', ({ transitions }) => {
  const page = readFileSync(resolve(process.cwd(), 'docs/task-model.md'), 'utf8')
    .replace(/ +\|/g, ' |')
    .replace(/-{3,}/g, '---');
  expect(page).toContain(tableOf(transitions));
});

test('docs/task-model.md shows the ranks', () => {
  const page = readFileSync(resolve(process.cwd(), 'docs/task-model.md'), 'utf8');
  for (const [state, rank] of Object.entries(STATE_RANK)) {
    expect(page).toMatch(new RegExp(`\\| ${state} +\\| ${rank} +\\|`));
  }
});
