#!/usr/bin/env node
// CommonJS, as is all that `perdure server` loads: an ES module takes a few milliseconds more.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const dist = join(__dirname, '..', 'dist', 'src', 'cli');
const packed = join(dist, 'bundle', 'server-command.cjs');

/** `perdure server` is packed into one file, which is loaded in a fraction of the time. */
async function run(argv) {
  if (argv[0] !== 'server' || !existsSync(packed))
    return (await import('../dist/src/cli/main.js')).main(argv);
  const { load } = require('./packed.cjs');
  const { exports, keep } = load(packed);
  return exports.main(argv, keep);
}

run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // What a start left half-way (a connection attempt, say) must not keep the command from ending.
  setTimeout(() => process.exit(), 1000).unref();
});
