// Builds dist/: TypeScript to JavaScript, then the workflow sandbox bundle (once, here, so that no
// webpack runs when an app starts). Afterwards dist/ holds nothing whose source is gone.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD_STAMP, buildInputHash, filesOf, root } from './prepare.js';

function step(name, args) {
  const started = Date.now();
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`perdure: build failed at: ${name}`);
    process.exit(result.status ?? 1);
  }
  console.error(`perdure:   ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

/** Removes compiled files of sources that are no longer there, so that nothing can import them. */
function removeStale() {
  for (const file of [...filesOf('dist/src'), ...filesOf('dist/bench')]) {
    const source = file.replace(/^dist[\\/]/, '').replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (source.endsWith('.ts') && !existsSync(join(root, source))) rmSync(join(root, file));
  }
}

// The hash is taken first: a source that changes during the build makes the next start build again.
const hash = buildInputHash();
rmSync(BUILD_STAMP, { force: true });
if (!existsSync(join(root, 'dist/src'))) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
step('compiled', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
removeStale();
const bundler = 'dist/src/hosts/temporal/bundle-cli.js';
if (existsSync(join(root, bundler))) step('bundled the workflow sandbox', [bundler]);
step('wrote the message definitions', ['dist/src/temporal-server/proto/build-cli.js']);
step('bundled the server command', ['scripts/bundle-server.js']);
writeFileSync(BUILD_STAMP, hash);
