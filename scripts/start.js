// `npm start`: examples/02-orders as a story. What the processes log, each line with the time that has
// passed in their world (the clock jumps to the next timer whenever nobody has anything to do), then
// the tree of processes with their results.
import { prepare } from './prepare.js';

const INDENT = 12;

prepare();
const { startApp } = await import('../dist/src/index.js');
const { formatDuration } = await import('../dist/src/core/duration.js');
const { parsePid } = await import('../dist/src/core/pid.js');
const { ProcessTree } = await import('../dist/src/cli/process-tree.js');
const { default: picocolors } = await import('picocolors');
const pc = picocolors.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);

const tree = new ProcessTree();
let began;
try {
  process.exitCode = await tell();
} catch (error) {
  console.error(`perdure: ${error.text ?? error.stack}`);
  process.exitCode = 1;
}

/** Runs the tour to its end. @returns the exit code: 0 where an order was completed. */
async function tell() {
  console.log(pc.bold('examples/02-orders: an afternoon at an order desk'));
  const app = await startApp({ dir: 'examples/02-orders', skipTime: true, onEvent: note });
  try {
    for (const notice of app.notices) console.log(pc.dim(notice));
    const { exit } = await app.runtime.spawn('app:tour');
    const { value, error } = await exit;
    console.log(pc.bold('\nThe processes, and how they ended (● still runs, ✓ done, ✗ failed)'));
    for (const line of tree.lines(paint)) console.log(line);
    if (error !== null) throw error;
    const completed = Object.values(value).filter(({ status }) => status === 'completed');
    console.log(`\n${completed.length} orders completed, of ${Object.keys(value).length}.`);
    return completed.length > 0 ? 0 : 1;
  } finally {
    await app.stop();
  }
}

function note(event) {
  tree.note(event);
  began ??= event.at;
  // Log lines without a process are the Temporal SDK's own.
  if (event.kind === 'log' && event.pid !== null) {
    const paintLevel = event.level === 'warn' ? pc.yellow : (text) => text;
    line(event.at, labelOf(event), paintLevel(event.message));
  } else if (event.kind === 'service' && event.state === 'backing_off') {
    line(event.at, event.id, pc.yellow(`failed (${event.detail}); it is started again`));
  }
}

function line(at, who, what) {
  const passed = formatDuration(Math.floor((at - began) / 1000) * 1000);
  console.log(
    `${pc.cyan(`+${passed}`.padStart(INDENT))}  ${pc.dim(who.padEnd(INDENT + 4))}  ${what}`,
  );
}

/** A workflow by its id, everything else by the name of its entry. */
function labelOf({ pid, entry }) {
  const parts = pid === null ? undefined : parsePid(pid);
  if (parts?.host === 'app:worker') return parts.id;
  return entry?.replace(/^app:/, '') ?? '';
}

function paint(status, text) {
  return { running: pc.cyan, done: pc.green, failed: pc.red }[status](text);
}
