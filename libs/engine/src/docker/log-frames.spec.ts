import fc from 'fast-check';
import { MAX_LINE_BYTES, type EngineLogLine } from '../port/logs.js';
import { afterCursor, LogFrames } from './log-frames.js';

const STAMP = '2026-01-31T12:00:00.123456789Z ';

function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(STAMP), Buffer.from(text)]);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** Feeds `bytes` in chunks that end at `cuts`. */
function read(bytes: Buffer, cuts: number[] = []): EngineLogLine[] {
  const frames = new LogFrames();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const lines = ends.flatMap((end, index) => frames.push(bytes.subarray(ends[index - 1] ?? 0, end)));
  return [...lines, ...frames.end()];
}

const texts = (lines: EngineLogLine[]): string[] => lines.map(({ line }) => line);

describe('log frames', () => {
  it('come apart into lines, however the bytes were cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ''));
    const entries = fc.array(fc.record({ stream: fc.constantFrom(1 as const, 2 as const), line }), { minLength: 1 });
    fc.assert(
      fc.property(entries, fc.array(fc.nat()), (wanted, cuts) => {
        const seen = read(Buffer.concat(wanted.map(({ stream, line }) => frame(stream, `${line}\n`))), cuts);
        expect(seen.map(({ stream, line }) => ({ stream: stream === 'stderr' ? 2 : 1, line }))).toEqual(wanted);
      }),
    );
  });

  it('of a terminal come bare', () => {
    const bytes = Buffer.from(`${STAMP}one\r\n${STAMP}two\r\n${STAMP}no end`);
    for (const cuts of [[], [1], [3, 40], [31, 36, 37]])
      expect(texts(read(bytes, cuts))).toEqual(['one', 'two', 'no end']);
  });

  it('keep a character whole that two pieces of a long line share', () => {
    const whole = Buffer.from(`${'a'.repeat(MAX_LINE_BYTES - 1)}€ end\n`);
    const [head, tail] = [whole.subarray(0, MAX_LINE_BYTES), whole.subarray(MAX_LINE_BYTES)];
    for (const bytes of [
      Buffer.concat([frame(1, head), frame(1, tail)]),
      Buffer.concat([Buffer.from(STAMP), head, Buffer.from(STAMP), tail]),
    ]) {
      const [first, second] = read(bytes, [100, 17_000]);
      expect(first).toMatchObject({ partial: true, line: 'a'.repeat(MAX_LINE_BYTES - 1) });
      expect(second?.line).toBe('€ end');
      expect(second?.partial).toBeUndefined();
    }
  });

  it('show bytes that are no text as such, and go on', () => {
    expect(texts(read(Buffer.concat([frame(1, Buffer.from([0xff, 0xe2, 0x0a])), frame(1, 'next\n')])))).toEqual([
      '��',
      'next',
    ]);
  });

  it('carry their time in milliseconds, and a cursor in nanoseconds', () => {
    const [line] = read(frame(1, 'x\n'));
    expect(line?.at).toBe('2026-01-31T12:00:00.123Z');
    expect(afterCursor(line?.cursor ?? '')).toBe('1769860800.123456790');
  });
});
