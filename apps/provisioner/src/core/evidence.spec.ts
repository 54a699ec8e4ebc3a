import { evidenceOf } from './evidence.js';

const line = (n: number, text = `line ${n}`): { at: string; line: string } => ({
  at: new Date(n).toISOString(),
  line: text,
});

describe('evidence of an exit', () => {
  test('is what was printed before, not after', () => {
    expect(evidenceOf([line(1), line(2), line(3)], line(2).at)).toEqual(['line 1', 'line 2']);
  });

  test('is bounded in lines, in length and in sum, the last lines kept', () => {
    const many = Array.from({ length: 200 }, (_, n) => line(n));
    expect(evidenceOf(many, line(999).at)).toEqual(many.slice(-50).map((one) => one.line));
    const fat = Array.from({ length: 50 }, (_, n) => line(n, `${n}${'ä'.repeat(5000)}`));
    const kept = evidenceOf(fat, line(999).at);
    expect(Buffer.byteLength(kept.join(''))).toBeLessThanOrEqual(32 * 1024);
    expect(kept.at(-1)).toMatch(/^49ä+…$/);
  });
});
