// The order in which Jest takes the spec files: those that take long first, so that a run does not end with one
// worker that still has a long one. Jest's own order is by size of the file, and by durations only where an
// earlier run has left them.
import { statSync } from 'node:fs';
import { sep } from 'node:path';

/** Those that take 20 s and more on two cores, the longest first. Most wait, for a clock or for programs. */
const LONG = [
  'e2e/node-death',
  'temporal-server/simulation',
  'e2e/crashes',
  'e2e/replay',
  'e2e/examples',
  'hosts/temporal/upgrade',
  'temporal-server/durable-crash',
  'e2e/survives',
  'temporal-server/planted-bugs',
  'e2e/bad-input',
  'temporal-server/differential',
  'conformance/otp-signals-monitors',
  'hosts/temporal/gate',
  'app/js-entries',
  'app/temporal',
  'e2e/run',
  'hosts/temporal/divergence',
  'samples/talking',
].map((name) => `${sep}spec${sep}${name.replaceAll('/', sep)}.spec.ts`);

const rank = ({ path }) => {
  const at = LONG.findIndex((end) => path.endsWith(end));
  return at < 0 ? LONG.length : at;
};

export default class LongFirst {
  sort(tests) {
    const sizes = new Map(tests.map(({ path }) => [path, statSync(path).size]));
    return [...tests].sort((a, b) => rank(a) - rank(b) || sizes.get(b.path) - sizes.get(a.path));
  }

  /** The order is the same in every run. */
  cacheResults() {}

  shard() {
    throw new Error('--shard: scripts/long-first.js does not divide the specs');
  }

  allFailedTests() {
    throw new Error('--onlyFailures: scripts/long-first.js does not remember what has failed');
  }
}
