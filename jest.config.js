import { availableParallelism } from 'node:os';

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
  testSequencer: '<rootDir>/scripts/long-first.js',
  // Much of the time goes into waiting, for servers, workers, programs and clocks.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Jest keeps the modules of every spec that a worker has run: without this a spec that comes late in a long
  // run has a heap of gigabytes around it, and takes seven times as long.
  workerIdleMemoryLimit: '700MB',
  testTimeout: 30_000,
};
