/**
 * The database: loaded when a file is opened, since a server without one needs none of it. The packed
 * server has it in itself, in place of this module (scripts/bundle-server.js).
 */
import { createRequire } from 'node:module';

export function loadLmdb(): typeof import('lmdb') {
  // The package in one file, which is there sooner than as modules.
  return createRequire(import.meta.url)('lmdb');
}
