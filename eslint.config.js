// What a reader's eye and the compiler miss. Who may import whom is .dependency-cruiser.cjs's concern.
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Code that decides: no clock, no randomness, no timers, no process. Time comes in as a value. */
const PURE = ['libs/model/src/**/*.ts', '{libs,apps}/*/src/**/core/**/*.ts'];
const TESTS = ['**/*.spec.ts', 'test/**'];

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const noOutside = ['performance', 'crypto', 'process', 'fetch', 'console', ...TIMERS];

const noClock = [
  'MemberExpression[object.name="Date"][property.name="now"]',
  'NewExpression[callee.name="Date"][arguments.length=0]',
  'CallExpression[callee.name="Date"]',
].map((selector) => ({ selector, message: 'A core takes the time as a value.' }));

const noChance = {
  selector: 'MemberExpression[object.name="Math"][property.name="random"]',
  message: 'A core takes chance as a value.',
};

const SUBJECT = '/^(tutti\\.|\\$[A-Z]+\\.)/';
const noSubjects = [`Literal[value=${SUBJECT}]`, `TemplateElement[value.raw=${SUBJECT}]`].map((selector) => ({
  selector,
  message: 'Subjects and keys are built in libs/bus only: use its catalogue.',
}));

export default defineConfig(
  { ignores: ['**/dist/', 'coverage/', '.cache/', '**/*.cjs'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreIIFE: false, ignoreVoid: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-unused-vars': 'off', // The compiler's noUnusedLocals and noUnusedParameters see the same.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      complexity: ['error', { max: 20, variant: 'modified' }],
      'no-undef': 'off', // The compiler knows better.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-depth': ['error', 4],
      'max-lines': ['warn', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'no-restricted-syntax': ['error', ...noSubjects],
    },
  },
  // Nest hands a constructor as many parameters as there are things to inject.
  { files: ['**/*.{controller,handler,module,service}.ts', '**/nest/**/*.ts'], rules: { 'max-params': 'off' } },
  { files: ['libs/bus/**'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...noOutside],
      'no-restricted-syntax': ['error', ...noClock, noChance, ...noSubjects],
    },
  },
  // A describe block is a chapter, not a function; tests and benches speak to the bus as an outsider does.
  {
    files: TESTS,
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off', 'no-restricted-syntax': 'off' },
  },
);
