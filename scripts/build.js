// Builds dist/: TypeScript to JavaScript, then the workflow sandbox bundle (once, here, so that no
// webpack runs when an app starts).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function step(name, command, args) {
  const started = Date.now();
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`perdure: build failed at: ${name}`);
    process.exit(result.status ?? 1);
  }
  console.error(`perdure: ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

step('compiled', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
const bundler = 'dist/src/hosts/temporal/bundle-cli.js';
if (existsSync(new URL(`../${bundler}`, import.meta.url))) {
  step('bundled the workflow sandbox', process.execPath, [bundler]);
}
