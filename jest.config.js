export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/spec'],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, keepClassNames: true },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Only the long rounds pay for loading fast-check in every spec.
  setupFilesAfterEnv: process.env.PERDURE_PROPERTY_RUNS
    ? ['<rootDir>/spec/support/property-runs.ts']
    : [],
  // Most of the time goes into waiting for servers and workers.
  maxWorkers: '100%',
  testTimeout: 30_000,
};
