#!/usr/bin/env node
import { existsSync } from 'node:fs';

// `perdure server` is packed into one file, which is loaded in a fraction of the time.
const bundle = new URL('../dist/src/cli/bundle/server-command.js', import.meta.url);
const isPacked = process.argv[2] === 'server' && existsSync(bundle);
const { main } = await import(isPacked ? bundle.href : '../dist/src/cli/main.js');

process.exitCode = await main(process.argv.slice(2));
// What a start left half-way (a connection attempt, say) must not keep the command from ending.
setTimeout(() => process.exit(), 1000).unref();
