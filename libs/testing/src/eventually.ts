/**
 * Waits until `probe` gives something other than undefined or false, and returns it.
 * @throws Error that shows what `describe` says last, after `timeoutMs`
 */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 10_000, describe = () => '' as unknown }: { timeoutMs?: number; describe?: () => unknown } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) {
      throw new Error(`nothing after ${timeoutMs} ms; last seen: ${JSON.stringify(await describe(), null, 2)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
