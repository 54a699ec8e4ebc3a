// The house's borders: who may import whom. Type-only imports count as imports.
const LIBS = ['model', 'bus', 'compose', 'engine', 'testing'];
/** Code that decides: all of libs/model, and every folder named core. */
const PURE = ['^libs/model/src/', '^(libs|apps)/.+/core/'];
/** Specs, and the kits that the specs of an app or lib share. */
const TESTS = '(\\.spec\\.ts$|^test/|^(libs|apps)/[^/]+/src/testing/)';

/** What a lib may import of ours. */
const BELOW = {
  model: [],
  bus: ['model'],
  compose: ['model'],
  engine: ['model'],
  testing: ['model', 'bus', 'compose', 'engine'],
};

/** Each lib imports only those that it stands on; libs/testing may serve any lib's tests. */
const layers = LIBS.map((lib) => ({
  name: `lib-${lib}-imports-only-libs-below`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: TESTS },
  to: { path: '^libs/', pathNot: `^libs/(${[lib, ...BELOW[lib]].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or have a third one in them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'app-never-imports-app',
      comment: 'Rooms talk over the bus. Only the CLI, the composition root, hosts their modules.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/cli/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'lib-never-imports-app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'pure-core',
      comment: 'A core decides on values: no Nest, NATS, Docker, Node.js or I/O, not even through another file.',
      severity: 'error',
      from: { path: PURE, pathNot: TESTS },
      to: {
        path: [
          '^node:',
          '^(fs|os|net|http|crypto|child_process)$',
          'node_modules/(@nestjs|@nats-io|dockerode)/',
          '^libs/(bus|testing)/',
          // Its port is words only, and so may be what its own cores stand on.
          '^libs/engine/src/(?!port/|.+/core/)',
        ],
        reachable: true,
      },
    },
    {
      name: 'no-testing-in-product',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [TESTS, '^libs/testing/'] },
      to: { path: '^(libs/testing|(libs|apps)/[^/]+/src/testing)/' },
    },
    {
      name: 'no-deep-import',
      comment: "A package is entered by its door, '@tutti/name'.",
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: { path: '^(libs|apps)/', pathNot: ['^$1/$2/', '^(libs|apps)/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'What the sources import stands in a package.json.',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
};
