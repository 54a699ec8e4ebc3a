/** Evidence of an exit: the last lines of its log, bounded. */
export const EVIDENCE_LINES = 50;
/** For so long a container that is to go stays for it. */
export const EVIDENCE_MS = 2000;
const MAX_LINE_CHARS = 1024;
const MAX_TOTAL_BYTES = 32 * 1024;

/** The last lines that were written before the exit. @param lines oldest first, those of a later run may follow */
export function evidenceOf(lines: readonly { at: string; line: string }[], exitAt: string): string[] {
  const before = lines.filter(({ at }) => at <= exitAt).slice(-EVIDENCE_LINES);
  const kept: string[] = [];
  let bytes = 0;
  for (const { line } of before.reverse()) {
    const short = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS - 1)}…` : line;
    bytes += utf8Bytes(short);
    if (bytes > MAX_TOTAL_BYTES) break;
    kept.push(short);
  }
  return kept.reverse();
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
