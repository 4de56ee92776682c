// The layers of the house, as docs/architecture.md explains them. A type-only import of a layer above
// breaks them as well: what a layer needs of those above, it declares itself, as a port.
// Cycles are Biome's (noImportCycles): it tells an import of types, which may go both ways, from one
// that runs; the parser used here does not.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
});

/** Loads inside the workflow sandbox, where there is no Node. */
const SANDBOX = '^src/(core|kernel|lua|hosts/temporal/workflow)/';

module.exports = {
  forbidden: [
    {
      name: 'core-imports-nothing',
      comment: 'core is the leaf that everything may import.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'kernel-imports-only-core',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { pathNot: '^src/(kernel|core)/' },
    },
    {
      name: 'runtime-imports-only-core',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { pathNot: '^src/(runtime|core)/' },
    },
    only(
      'lua-imports-only-core-and-kernel',
      '^src/lua/',
      '^src/(lua|kernel|core)/',
      'Engines and modules see a process through the kernel, never a host.',
    ),
    only(
      'js-imports-only-core-and-kernel',
      '^src/js/',
      '^src/(js|kernel|core)/',
      'TypeScript processes see the kernel, never a host.',
    ),
    only(
      'sandbox-imports-only-sandbox',
      '^src/hosts/temporal/workflow/',
      SANDBOX,
      'Code of the workflow sandbox may only reach code that loads there.',
    ),
    {
      name: 'sandbox-without-node',
      comment: 'There is no Node inside the workflow sandbox.',
      severity: 'error',
      from: { path: SANDBOX },
      to: { dependencyTypes: ['core'] },
    },
    only(
      'lint-imports-only-core',
      '^src/lint/',
      '^src/(lint|core)/',
      'Rules are functions of a tree and of facts that the composition root gathers.',
    ),
    {
      name: 'lint-only-from-the-composition-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(lint/|app/|app\\.ts$|cli/)' },
      to: { path: '^src/lint/' },
    },
    only(
      'registry-imports-only-core-and-runtime',
      '^src/registry/',
      '^src/(registry|runtime|core)/',
      'The registry describes an app; it does not know what will run it.',
    ),
    {
      name: 'hosts-are-strangers',
      comment: 'A host never imports another: they meet in the router.',
      severity: 'error',
      from: { path: '^src/hosts/([^/]+)/' },
      to: { path: '^src/hosts/', pathNot: '^src/hosts/$1/' },
    },
    {
      name: 'hosts-only-from-the-composition-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(hosts/|app/|app\\.ts$|cli/|index\\.ts$)' },
      to: { path: '^src/hosts/' },
    },
    only(
      'temporal-server-stands-alone',
      '^src/temporal-server/',
      '^src/temporal-server/',
      'It is a Temporal server that happens to live here.',
    ),
    {
      name: 'temporal-server-only-from-the-composition-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(temporal-server/|app/|app\\.ts$|cli/)' },
      to: { path: '^src/temporal-server/' },
    },
    {
      name: 'composition-root-is-the-top',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app/|app\\.ts$|cli/|index\\.ts$)' },
      to: { path: '^src/(app/|app\\.ts$|cli/)' },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-development-packages',
      comment: 'What src imports must be in dependencies, or an installed perdure lacks it.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { pathNot: '^(bin|scripts)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
