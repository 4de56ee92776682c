#!/usr/bin/env node
import { main } from '../dist/src/cli/main.js';

process.exitCode = await main(process.argv.slice(2));
// What a start left half-way (a connection attempt, say) must not keep the command from ending.
setTimeout(() => process.exit(), 1000).unref();
