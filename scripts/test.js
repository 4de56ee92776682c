// Runs the specs. Arguments are Jest's, but for --quick (without the slow folders) and --soak (only
// the long rounds). The last line reads `N passed, N failed`, with `, N skipped` where that is so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformanceTable, documentedTable } from './conformance.js';
import { prepare, root } from './prepare.js';

/** Folders of specs that start servers, workers or whole programs. */
const SLOW = [
  'spec/e2e/',
  'spec/docs/',
  'spec/conformance/',
  'spec/hosts/temporal/',
  'spec/samples/',
];
/** Folders of specs that run for as long as they are given. */
const LONG = ['spec/soak/'];

const args = process.argv.slice(2);
const own = new Set(['--quick', '--soak']);
const quick = args.includes('--quick');
const soak = args.includes('--soak');

prepare();
const scratch = mkdtempSync(join(tmpdir(), 'perdure-test-'));
const report = join(scratch, 'report.json');
const jest = spawnSync(process.execPath, jestArguments(), { cwd: root, stdio: 'inherit' });
const counts = readCounts();
// The table is of all hosts, and those of the real server run in CI.
if (process.env.CI !== undefined && args.length === 0 && counts.failed === 0) {
  checkConformanceTable();
}
rmSync(scratch, { recursive: true, force: true });

// What Jest cannot count as a test is still a failure: it crashed, or it found no spec at all.
if (jest.status !== 0 && counts.failed === 0) counts.failed = 1;
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed === 0 ? 0 : 1;

function jestArguments() {
  const left = [...(soak ? [] : LONG), ...(quick ? SLOW : [])];
  return [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join('node_modules', 'jest', 'bin', 'jest.js'),
    // Options that take several values come first: they would take the caller's file names as well.
    ...left.flatMap((folder) => ['--testPathIgnorePatterns', `<rootDir>/${folder}`]),
    ...(soak ? ['--testPathPatterns', ...LONG, '--runInBand'] : []),
    '--json',
    `--outputFile=${report}`,
    ...args.filter((arg) => !own.has(arg)),
  ];
}

function readCounts() {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    return {
      report: result,
      passed: result.numPassedTests,
      // A spec file that could not even be loaded has no tests to count.
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  } catch (error) {
    console.error(`perdure: Jest left no readable report: ${error.message}`);
    return { report: null, passed: 0, failed: 1, skipped: 0 };
  }
}

/** docs/semantics.md says which rule holds on which host; it must say what this run has seen. */
function checkConformanceTable() {
  const table = conformanceTable(counts.report);
  if (table === documentedTable().table) return;
  console.error(
    'perdure: the conformance table in docs/semantics.md is not what this run has seen;',
  );
  console.error('perdure: `npm run conformance` writes it anew (it needs the temporal command)');
  counts.failed += 1;
}
