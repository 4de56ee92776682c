// Writes the table of docs/semantics.md that says which rule holds on which host, from a run of
// spec/conformance. `npm test` fails where the table says something else than its own run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare, root } from './prepare.js';

const DOCUMENT = join(root, 'docs', 'semantics.md');
const BEGIN = '<!-- conformance: written by `npm run conformance` -->\n';
const END = '<!-- /conformance -->';
/** `rule 4: monitors (local)`: what is stated, and the host. */
const TITLE = /^(?<rule>.+) \((?<host>[^()]+)\)$/;

/** @returns the table for a report of Jest; `null` where it has no specs of the suite. */
export function conformanceTable(report) {
  const rules = new Map();
  const hosts = [];
  const files = report.testResults.filter(({ name }) => name.includes('/spec/conformance/'));
  for (const { assertionResults } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    for (const { ancestorTitles, status } of assertionResults) {
      const { rule, host } = TITLE.exec(ancestorTitles[0] ?? '')?.groups ?? {};
      if (rule === undefined) continue;
      if (!hosts.includes(host)) hosts.push(host);
      if (!rules.has(rule)) rules.set(rule, new Map());
      const counts = rules.get(rule).get(host) ?? { passed: 0, all: 0 };
      counts.all += 1;
      if (status === 'passed') counts.passed += 1;
      rules.get(rule).set(host, counts);
    }
  }
  if (rules.size === 0) return null;
  const cell = (counts) => {
    if (counts === undefined) return '';
    return counts.passed === counts.all ? `${counts.all}` : `${counts.passed} of ${counts.all}`;
  };
  const row = (cells) => `| ${cells.join(' | ')} |`;
  const rows = [...rules]
    .sort(([a], [b]) => order(a) - order(b))
    .map(([rule, byHost]) => row([rule, ...hosts.map((host) => cell(byHost.get(host)))]));
  return [
    row(['specs that pass', ...hosts]),
    row(['---', ...hosts.map(() => '---')]),
    ...rows,
    '',
  ].join('\n');
}

/** The rules by their numbers, then the rest as the files come. */
function order(rule) {
  return Number(/^rule (\d+)/.exec(rule)?.[1] ?? 1000);
}

/** The table as the document has it. */
export function documentedTable() {
  const text = readFileSync(DOCUMENT, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${DOCUMENT}: no place for the conformance table`);
  return { text, from: from + BEGIN.length, to, table: text.slice(from + BEGIN.length, to) };
}

function main() {
  prepare();
  const scratch = mkdtempSync(join(tmpdir(), 'perdure-conformance-'));
  const file = join(scratch, 'report.json');
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const report = ['--json', `--outputFile=${file}`, '--testPathPatterns', 'spec/conformance/'];
  const { status } = spawnSync(process.execPath, [...flags, ...report], {
    cwd: root,
    stdio: 'inherit',
    // All hosts, as in CI.
    env: { ...process.env, CI: 'true' },
  });
  const table = conformanceTable(JSON.parse(readFileSync(file, 'utf8')));
  rmSync(scratch, { recursive: true, force: true });
  const { text, from, to } = documentedTable();
  writeFileSync(DOCUMENT, text.slice(0, from) + table + text.slice(to));
  console.log(table);
  process.exitCode = status ?? 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
