import { readYaml } from './yaml.js';

describe('readYaml', () => {
  it('reads YAML 1.2: no and 0o are what they are, numbers keep their digits', () => {
    const { value } = readYaml('a: no\nb: 0o17\nc: 12345678901234567890\nd: .inf\ne: true\nf: ~\n1: x');
    expect(value).toEqual({ a: 'no', b: 15, c: '12345678901234567890', d: '.inf', e: true, f: null, 1: 'x' });
  });

  it('reads JSON, tabs and all', () => {
    expect(readYaml('{\n\t"a": [1,\n\t\t{"b": "c"}]\n}').value).toEqual({ a: [1, { b: 'c' }] });
  });

  it('resolves anchors and merge keys: own keys first, then the first of the merged', () => {
    const { value } = readYaml(
      'x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\none: {<<: *x, a: 0}\ntwo:\n  c: 0\n  <<: [*x, *y]\nq: {"<<": z}',
    );
    expect(value).toMatchObject({ one: { a: 0, b: 1 }, two: { a: 1, b: 1, c: 0 }, q: { '<<': 'z' } });
  });

  it('notes !reset and !override', () => {
    const { value, replaced } = readYaml('s: {a: !reset [], b: !override [1], c: !reset null}');
    expect(value).toEqual({ s: { b: [1] } });
    expect(replaced).toEqual([
      ['s', 'a'],
      ['s', 'b'],
      ['s', 'c'],
    ]);
  });

  it('keeps a key such as __proto__ a plain key', () => {
    const { value } = readYaml('__proto__: {polluted: true}\nconstructor: 1');
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi']
    .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghi'[index]}`).join(',')}]`)
    .join('\n')}`;

  it.each([
    ['', /has to be a map/],
    ['- a', /has to be a map/],
    ['a: [', /not valid YAML/],
    ['a: 1\nb: 2\na: 3', /a key twice/],
    ['a: *b', /alias without an anchor/],
    ['a: &a [*a]', /alias without an anchor/],
    ['? [x]\n: y', /no text/],
    ['<<: 1', /merges what is no map/],
    ['---\na: 1\n---\nb: 1', /not valid YAML/],
    [bomb, /100000 values/],
    [`a: ${'['.repeat(70)}${']'.repeat(70)}`, /64 levels/],
    [`a: ${'['.repeat(50_000)}`, /64 levels/],
    ['x'.repeat(1024 * 1024 + 1), /1 MiB/],
  ])('refuses %#', (text, reason) => {
    expect(() => readYaml(text)).toThrow(reason);
  });

  it('says where the syntax is wrong', () => {
    expect(() => readYaml('a: 1\nb: "x')).toThrow(/at line 2, column/);
  });

  it('answers quickly to a megabyte of errors', () => {
    const started = performance.now();
    expect(() => readYaml('"'.repeat(400_000))).toThrow(/not valid YAML/);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
