/** The registry: what an app declares in its `_index.yaml` files. */
export * from './entry.js';
export { dependencyOrder } from './graph.js';
export { registryJsonSchema } from './index-file.js';
export { readChild } from './kinds/supervisor.js';
export { type LoadOptions, loadRegistry } from './load.js';
export {
  formatProblem,
  type Position,
  type Problem,
  registryProblems,
} from './problem.js';
export type { Registry } from './registry.js';
export { Secret, type SecretSource } from './secret.js';
