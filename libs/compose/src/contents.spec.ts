import { createHash } from 'node:crypto';
import { TuttiError, type ServiceSpec } from '@tutti/model';
import { serviceDigest } from './digest.js';
import { loadProject } from './loader.js';
import { parseCompose } from './parse.js';
import { render } from './render.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A file with one service that asks for `wanted`. */
const file = (wanted: string, rest: string): string => `services: {web: {image: a, ${wanted}}}\n${rest}`;

function saidOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (!(error instanceof TuttiError)) throw error;
    return [error.message, ...error.faults.map(({ path, message }) => `${path} ${message}`)].join('\n');
  }
  return '';
}

describe('configs and secrets of a document', () => {
  const both = file(
    'configs: [motto], secrets: [key]',
    'configs: {motto: {content: hej}}\nsecrets: {key: {content: ä}}',
  );

  it('are named by their digests in the spec, and what is in them stands beside it', () => {
    const { spec, contents } = parseCompose(both);
    expect(spec.configs).toEqual({ motto: { digest: sha256('hej'), bytes: 3 } });
    expect(spec.secrets).toEqual({ key: { digest: sha256('ä'), bytes: 2 } });
    expect(contents).toEqual([
      { kind: 'config', name: 'motto', digest: sha256('hej'), data: 'hej' },
      { kind: 'secret', name: 'key', digest: sha256('ä'), data: 'ä' },
    ]);
    expect(spec.services['web']?.files).toEqual([
      { kind: 'config', source: 'motto', target: '/motto', mode: 0o444 },
      { kind: 'secret', source: 'key', target: '/run/secrets/key', mode: 0o444 },
    ]);
  });

  it.each([
    ['secrets: [{source: s, target: pw, uid: "7", gid: 8, mode: 0440}]', '/run/secrets/pw', 0o440],
    ['secrets: [{source: s, target: /etc/pw, uid: 7, gid: 8, mode: 0o555}]', '/etc/pw', 0o555],
    ['secrets: [{source: s, target: /pw, uid: 7, gid: 8, mode: "0660"}]', '/pw', 0o440],
  ])('are where the service wants them: %s', (wanted, target, mode) => {
    const { spec } = parseCompose(file(wanted, 'secrets: {s: {content: x}}'));
    expect(spec.services['web']?.files).toEqual([{ kind: 'secret', source: 's', target, uid: 7, gid: 8, mode }]);
  });

  it('are left out where no service uses them', () => {
    const { spec, contents } = parseCompose(file('user: u', 'configs: {a: {content: x}}'));
    expect([spec.configs, spec.services['web']?.files, contents]).toEqual([undefined, undefined, []]);
  });

  it('count for the digest of the services that use them, and for no other', () => {
    const digests = (content: string): string[] => {
      const { spec } = parseCompose(
        `services: {web: {image: a, configs: [c]}, db: {image: b}}\nconfigs: {c: {content: ${content}}}`,
      );
      return Object.values(spec.services).map((service: ServiceSpec) => serviceDigest(service, spec));
    };
    const [before, after] = [digests('one'), digests('two')];
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(digests('one')).toEqual(before);
  });

  it.each([
    ['external: true', /secrets\.s\.external is not supported/],
    ['file: ./x', /secrets\.s\.file is resolved where the files are/],
    ['environment: X', /deploy with the command line/],
    ['contnet: tellnoone', /did you mean "content"/],
    ['content: [tellnoone]', /secrets\.s\.content has to be text/],
    ['content: "tellnoone\\0"', /is not UTF-8 text/],
    ['content: "tellnoone\\ud800"', /is not UTF-8 text/],
    ['content: "tellnoone${"', /secrets\.s\.content has a variable that cannot be replaced/],
    [`content: ${'tellnoone'.repeat(60_000)}`, /540000 bytes, at most 512000/],
    [`content: "${'\\x01'.repeat(200_000)}"`, /too many control characters/],
    ['name: x', /has no content/],
  ])('are refused without a word of what is in them: %#', (secret, reason) => {
    const said = saidOf(() => parseCompose(file('secrets: [s]', `secrets: {s: {${secret}}}`)));
    expect(said).toMatch(reason);
    expect(said).not.toMatch(/tellnoone/);
  });

  it.each(['secrets: {s: tellnoone}', 'secrets: tellnoone', 'secrets: [tellnoone]', 'secrets: {s: [tellnoone]}'])(
    'are refused without a word of what is in them: %s',
    (rest) => expect(saidOf(() => parseCompose(file('secrets: [s]', rest)))).not.toMatch(/^$|tellnoone/),
  );

  it('say nothing of what looks like a variable in them, nor of text that is no YAML', () => {
    const { ignored, contents } = parseCompose(file('secrets: [s]', 'secrets: {s: {content: "pa$tellnoone"}}'));
    expect(contents[0]?.data).toBe('pa');
    expect(JSON.stringify(ignored)).toMatch(/secrets\.s\.content.*variable that is not set/);
    expect(JSON.stringify(ignored)).not.toMatch(/tellnoone/);
    expect(saidOf(() => parseCompose('secrets:\n  s:\n    content: "a" tellnoone\n tellnoone'))).not.toMatch(
      /^$|tellnoone/,
    );
  });

  it.each([
    ['configs: [{target: /x}]', /has no source/],
    ['configs: [c]', /names the config "c", which is not under/],
    ['configs: [{source: c, mode: 440}]', /in octal, such as 0440/],
    ['configs: [{source: c, mode: rw}]', /in octal, such as 0440/],
    ['configs: [{source: c, uid: root}]', /uid has to be a number/],
  ])('are refused where a service asks for them wrongly: %s', (wanted, reason) => {
    expect(saidOf(() => parseCompose(file(wanted, '')))).toMatch(reason);
  });
});

describe('configs and secrets of a project', () => {
  const FILES: Record<string, string> = {
    '/p/compose.yaml': [
      'services: {web: {image: a, configs: [c, {source: w}], secrets: [f, v]}}',
      'configs: {c: {file: ./c.conf}, w: {content: "tag $TAG"}, idle: {file: ./gone}}',
      'secrets: {f: {file: /etc/f}, v: {environment: KEY}}',
    ].join('\n'),
    '/p/more.yaml': 'services: {web: {configs: [{source: c, target: /c}, c], secrets: [f]}}',
    '/p/c.conf': 'listen $PORT ${',
    '/etc/f': 'f\n',
  };
  const load = (more: Record<string, string> = {}, env: Record<string, string> = { KEY: 'k$y', TAG: '1' }) =>
    loadProject({
      files: ['/p/compose.yaml', '/p/more.yaml'],
      env,
      readFile: (path) => {
        const text = { ...FILES, ...more }[path];
        if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        return text;
      },
    });

  it('come with the document: files and variables as they are, contents with their variables replaced', () => {
    const { contents, spec } = parseCompose(render(load()));
    expect(Object.fromEntries(contents.map(({ name, data }) => [name, data]))).toEqual({
      ...{ c: 'listen $PORT ${', w: 'tag 1', f: 'f\n', v: 'k$y' },
    });
    expect(spec.services['web']?.files?.map(({ target }) => target)).toEqual([
      ...['/c', '/w', '/c', '/run/secrets/f', '/run/secrets/v'],
    ]);
  });

  it.each<[Record<string, string>, Record<string, string>, RegExp]>([
    [{}, {}, /secrets\.v\.environment names the variable KEY, which is not set/],
    [{ '/etc/f': '\0' }, { KEY: 'k' }, /secrets\.f\.file names \/etc\/f, which is not UTF-8 text/],
    [{ '/p/more.yaml': 'configs: {c: {content: x}}' }, { KEY: 'k' }, /configs\.c has content and file: keep one/],
    [{ '/p/more.yaml': 'secrets: {f: {file: ./no}}' }, { KEY: 'k' }, /names \/p\/no, which does not exist/],
  ])('are refused, each with its path: %#', (more, env, reason) => {
    expect(saidOf(() => load(more, env))).toMatch(reason);
  });
});
