// Packs `perdure server` into one file: most of the time that the command took to start went into finding
// and linking a hundred modules. bin/perdure.js runs it; every other command has its modules one by one.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './prepare.js';

// The bundler of the SDK's worker, which packs the workflow sandbox too.
const require = createRequire(createRequire(import.meta.url).resolve('@temporalio/worker'));
const webpack = require('webpack');

const COMMANDS = join(root, 'dist', 'src', 'cli');
/** Of the commands: the others, and the logger, which is seldom needed. */
const APART = /^\.\/(run|lint|replay|clock|log)\.js$/;

function externals({ request, context }, done) {
  if (request.startsWith('node:')) return done(null, `module ${request}`);
  if (context === COMMANDS && APART.test(request)) return done(null, `import .${request}`);
  return done();
}

const compiler = webpack({
  mode: 'production',
  target: 'node20',
  context: root,
  entry: './dist/src/cli/main.js',
  experiments: { outputModule: true },
  output: {
    // As deep in dist/ as the module that looks for a file in it.
    path: join(COMMANDS, 'bundle'),
    filename: 'server-command.js',
    library: { type: 'module' },
  },
  module: {
    parser: {
      javascript: { importMeta: false, createRequire: false, dynamicImportMode: 'eager' },
    },
  },
  externals,
  performance: { hints: false },
  // Stack traces say more in code that is as it was written, and it takes no longer to load.
  optimization: { minimize: false },
});

compiler.run((error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString('errors-warnings'));
  process.exitCode = 1;
});
