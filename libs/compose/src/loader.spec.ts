import { TuttiError } from '@tutti/model';
import { loadProject, type LoadOptions } from './loader.js';
import { parseCompose } from './parse.js';
import { render } from './render.js';

function readFrom(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };
}

const load = (files: Record<string, string>, options: Partial<LoadOptions> = {}) =>
  loadProject({ files: ['/p/compose.yaml'], env: {}, readFile: readFrom(files), ...options });

const servicesOf = (files: Record<string, string>, options?: Partial<LoadOptions>): unknown =>
  load(files, options).document['services'];

function faultsOf(files: Record<string, string>, options?: Partial<LoadOptions>): string {
  try {
    load(files, options);
  } catch (error) {
    expect(error).toBeInstanceOf(TuttiError);
    return [
      (error as Error).message,
      ...(error as TuttiError).faults.map(({ path, message }) => `${path} ${message}`),
    ].join('\n');
  }
  return '';
}

describe('loadProject', () => {
  it('merges files and replaces variables: the command’s environment before .env', () => {
    const files = {
      '/p/compose.yaml': 'name: shop\nservices: {web: {image: "a:${TAG}", ports: ["80:80"], command: [x]}}',
      '/p/override.yaml': 'services: {web: {environment: [B], ports: !override ["81:81"], command: !reset null}}',
      '/p/.env': 'TAG=1\nB=2',
    };
    const project = load(files, { files: ['/p/compose.yaml', '/p/override.yaml'], env: { TAG: '3' } });
    expect(project).toEqual({
      name: 'shop',
      warnings: [],
      document: { name: 'shop', services: { web: { image: 'a:3', ports: ['81:81'], environment: { B: '2' } } } },
    });
  });

  it('takes the env files that are named, the later over the earlier, and misses none in silence', () => {
    const files = {
      '/p/compose.yaml': 'services: {a: {image: "${A}${B}"}}',
      '/p/.env': 'A=no',
      '/x': 'A=1\nB=1',
      '/y': 'B=${A}2',
    };
    expect(servicesOf(files, { envFiles: ['/x', '/y'] })).toEqual({ a: { image: '112' } });
    expect(faultsOf(files, { envFiles: ['/z'] })).toMatch('/z does not exist');
  });

  it('inlines env_file under environment, and label_file under labels', () => {
    const files = {
      '/p/compose.yaml': [
        'services:',
        '  a:',
        '    image: a',
        '    environment: {A: own, X: null}',
        '    env_file: [one.env, {path: gone.env, required: false}, {path: two.env, format: raw}]',
        '    label_file: labels',
        '  b: {image: b, env_file: one.env}',
      ].join('\n'),
      '/p/one.env': 'A=1\nB=1\nC=$HOST',
      '/p/two.env': 'B="2"',
      '/p/labels': 'l=1',
    };
    expect(servicesOf(files, { env: { HOST: 'h', X: 'x' } })).toEqual({
      a: { image: 'a', environment: { A: 'own', B: '"2"', C: 'h', X: 'x' }, labels: { l: '1' } },
      b: { image: 'b', environment: { A: '1', B: '1', C: 'h' } },
    });
  });

  it('lets environment of any file go before env_file of any other', () => {
    const files = {
      '/p/compose.yaml': 'services: {a: {image: a, environment: {A: stated}}}',
      '/p/b.yaml': 'services: {a: {env_file: e}}',
      '/p/e': 'A=file',
    };
    expect(servicesOf(files, { files: ['/p/compose.yaml', '/p/b.yaml'] })).toMatchObject({
      a: { environment: { A: 'stated' } },
    });
  });

  it('makes paths absolute', () => {
    const volumes = '["./d:/d:ro", "~/h:/h", "named:/n", /anon, {type: bind, source: ../e, target: /e}]';
    expect(
      servicesOf({ '/p/compose.yaml': `services: {a: {image: a, volumes: ${volumes}}}` }, { env: { HOME: '/home/u' } }),
    ).toEqual({
      a: {
        image: 'a',
        volumes: ['/p/d:/d:ro', '/home/u/h:/h', 'named:/n', '/anon', { type: 'bind', source: '/e', target: '/e' }],
      },
    });
  });

  it('takes the services of active profiles', () => {
    const files = {
      '/p/compose.yaml':
        'services: {a: {image: a}, b: {image: b, profiles: [p]}, c: {image: c, profiles: [q], env_file: gone}}',
    };
    expect(servicesOf(files)).toEqual({ a: { image: 'a' } });
    expect(servicesOf(files, { profiles: ['p'] })).toEqual({ a: { image: 'a' }, b: { image: 'b' } });
    expect(servicesOf(files, { env: { COMPOSE_PROFILES: 'p,x' } })).toHaveProperty('b');
  });

  it('carries out extends, in the same file and from another', () => {
    const files = {
      '/p/compose.yaml': [
        'services:',
        '  base: {image: a, environment: [A=1]}',
        '  web: {extends: base, environment: {B: 2}}',
        '  other: {extends: {file: sub/common.yaml, service: x}, user: u}',
      ].join('\n'),
      '/p/sub/common.yaml': 'services: {x: {extends: y, volumes: ["./d:/d"]}, y: {image: y}}',
    };
    expect(servicesOf(files)).toMatchObject({
      web: { image: 'a', environment: { A: '1', B: 2 } },
      other: { image: 'y', user: 'u', volumes: ['/p/sub/d:/d'] },
    });
  });

  it('carries out include, with paths and variables of its own', () => {
    const files = {
      '/p/compose.yaml': 'include: [sub/a.yaml, {path: b.yaml, env_file: b.env}]\nservices: {web: {image: w}}',
      '/p/sub/a.yaml': 'name: other\nservices: {a: {image: a, volumes: ["./d:/d"]}}\nvolumes: {v: {}}',
      '/p/b.yaml': 'services: {b: {image: "b${T}"}}',
      '/p/b.env': 'T=1',
    };
    expect(load(files).document).toEqual({
      services: { web: { image: 'w' }, a: { image: 'a', volumes: ['/p/sub/d:/d'] }, b: { image: 'b1' } },
      volumes: { v: {} },
    });
  });

  it('warns of variables that are not set', () => {
    expect(load({ '/p/compose.yaml': 'services: {a: {image: "a$T"}}' }).warnings).toEqual([
      { path: 'services.a.image', message: expect.stringContaining('T is not set') },
    ]);
  });

  it.each<[Record<string, string>, RegExp]>([
    [{}, /compose\.yaml does not exist/],
    [{ '/p/compose.yaml': 'a: [' }, /compose\.yaml: .*not valid YAML/],
    [{ '/p/compose.yaml': 'services: {a: {image: "${T:?tag}"}}' }, /services\.a\.image needs the variable T.*tag/],
    [
      { '/p/compose.yaml': 'services: {a: {image: a, env_file: e}}' },
      /services\.a\.env_file names \/p\/e, which does not exist/,
    ],
    [{ '/p/compose.yaml': 'services: {a: {image: a, env_file: {path: e, formt: raw}}}' }, /"formt"/],
    [{ '/p/compose.yaml': 'services: {a: {image: a, env_file: e}}', '/p/e': '=' }, /e: line 1/],
    [{ '/p/compose.yaml': 'services: {a: {extends: b}, b: {extends: a}}' }, /circle/],
    [{ '/p/compose.yaml': 'services: {a: {extends: gone}}' }, /not in this file/],
    [{ '/p/compose.yaml': 'services: {a: {extends: {file: f, service: x}}}' }, /\/p\/f does not exist/],
    [{ '/p/compose.yaml': 'include: [compose.yaml]' }, /circle/],
    [
      { '/p/compose.yaml': 'include: [b]\nservices: {a: {image: a}}', '/p/b': 'services: {a: {image: b}}' },
      /services\.a otherwise/,
    ],
  ])('refuses %j', (files, reason) => {
    expect(faultsOf(files)).toMatch(reason);
  });

  it('needs a file', () => {
    expect(faultsOf({}, { files: [] })).toMatch(/-f/);
  });
});

describe('render', () => {
  it('writes what parseCompose reads back, dollar signs and all', () => {
    const files = {
      '/p/compose.yaml':
        'services: {a: {image: a, command: [echo, "$$HOME $${X}", "no", "0x1", "a: b", "$${"], environment: {A: "$$$$"}}}',
    };
    const text = render(load(files));
    const { spec } = parseCompose(text, { env: { HOME: 'wrong' } });
    expect(spec.services['a']).toMatchObject({
      command: ['echo', '$HOME ${X}', 'no', '0x1', 'a: b', '${'],
      environment: { A: '$$' },
    });
  });
});
