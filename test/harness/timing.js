// How benches take time: by events of the engine, and side by side.

/**
 * Runs `begin`; the time in milliseconds until an observer has seen the `action` of `count` containers that pass `isOne`.
 * @param observer see `observe`
 */
export async function timeUntil(observer, { action, count, isOne }, begin) {
  const seen = new Set();
  const since = observer.mark();
  const isLast = (event) => event.action === action && isOne(event) && seen.add(event.id).size === count;
  const last = observer.seen(isLast, { since, timeoutMs: 120_000, what: `${action} of container ${count}` });
  const at = performance.now();
  const [{ at: end }] = await Promise.all([last, begin()]);
  return end - at;
}

/**
 * Measures each side once a round. Who comes first changes, so that nobody always runs on another's warm caches.
 * @param sides by name; each resolves with a figure
 * @param told called after each round, from 1, with its figures
 * @returns each side's figures in the order of the rounds
 */
export async function inTurn(rounds, sides, told = () => undefined) {
  const names = Object.keys(sides);
  const figures = Object.fromEntries(names.map((name) => [name, []]));
  for (let n = 0; n < rounds; n++) {
    const first = n % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) figures[name].push(await sides[name]());
    told(n + 1, Object.fromEntries(names.map((name) => [name, figures[name].at(-1)])));
  }
  return figures;
}
