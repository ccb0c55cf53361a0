import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const NODE_GLOBALS = [
  'AbortController',
  'AbortSignal',
  'Buffer',
  'URL',
  'clearInterval',
  'clearTimeout',
  'console',
  'fetch',
  'performance',
  'process',
  'setInterval',
  'setTimeout',
  'structuredClone'
];

const NO_EVAL = ['no-eval', 'no-implied-eval', 'no-new-func', 'no-script-url'];

const noChildProcess = {
  paths: ['child_process', 'node:child_process', 'cluster', 'node:cluster'].map((name) => ({
    name,
    message: 'Processes are started in src/effects, and by `mooring exec`.'
  }))
};

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name.'
};

const noWorld = ['Date', 'setTimeout', 'setInterval', 'process', 'fetch', 'performance', 'crypto'];

const FUNCTIONS = 'FunctionDeclaration, FunctionExpression, ArrowFunctionExpression';

// A function that returns an object of functions may be long; what counts are the lines that are
// its own.
const ownLines = {
  meta: { type: 'suggestion', schema: [{ type: 'integer' }] },
  create(context) {
    const [max] = context.options;
    const inner = [];
    const leave = (node) => {
      const { start, end } = node.loc;
      const nested = inner.pop();
      const all = end.line - start.line + 1;
      if (inner.length > 0) inner[inner.length - 1] += all - 1;
      const own = all - nested;
      if (own > max) {
        context.report({
          node,
          message: `This function has ${own} lines of its own, more than ${max}.`
        });
      }
    };
    return {
      [`:matches(${FUNCTIONS})`]: () => inner.push(0),
      [`:matches(${FUNCTIONS}):exit`]: leave
    };
  }
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/dist.*/**', 'coverage/**', 'docs/**', 'node_modules/**'] },
  js.configs.recommended,
  { rules: Object.fromEntries(NO_EVAL.map((rule) => [rule, 'error'])) },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly']))
    }
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/inspector/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, argsIgnorePattern: '^_' }
      ],
      // A caller may abort with any reason, and gets that very reason back.
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true }
      ],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true }
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true }
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ],
      // An interface may promise what a driver has at hand.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Types of Node and of closures' variables promise more than is so.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Interfaces are made of plain functions here; none has a `this`.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        noDefaultExport,
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' }
      ]
    }
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { mooring: { rules: { 'own-lines': ownLines } } },
    rules: {
      'mooring/own-lines': ['error', 50],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      'no-console': 'error',
      'no-restricted-imports': ['error', noChildProcess]
    }
  },
  {
    files: ['src/machines/**/*.ts', 'src/model/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...noWorld],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }]
    }
  },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  // `mooring exec` becomes the command it is given, and the private host is made of processes.
  {
    files: [
      'src/effects/**/*.ts',
      'src/cli/enter.ts',
      'src/private-host/build.ts',
      'src/private-host/launch.ts',
      'src/supervisor/*.ts'
    ],
    rules: { 'no-restricted-imports': 'off' }
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // Matchers such as `expect.objectContaining` are `any` by their nature.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off'
    }
  },
  { files: ['*.config.ts'], rules: { 'no-restricted-syntax': 'off' } }
);
