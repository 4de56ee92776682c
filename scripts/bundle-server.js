// Packs `perdure server` into one file: most of the time that the command took to start went into finding
// and linking hundreds of modules. bin/perdure.cjs runs it; every other command has its modules one by one.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from './prepare.js';

const COMMANDS = join(root, 'dist', 'src', 'cli');
const SERVER = join(root, 'dist', 'src', 'temporal-server');
// As deep in dist/ as the module that looks for a file in it.
const FOLDER = join(COMMANDS, 'bundle');
const FILE = 'server-command.cjs';
/** Of the commands: the others, and the logger, which is seldom needed. */
const APART = /^\.\/(run|lint|replay|clock|log)\.js$/;

const requireOf = (name, from = import.meta.url) =>
  createRequire(createRequire(from).resolve(name));
// The bundler of the SDK's worker, which packs the workflow sandbox too.
const webpack = requireOf('@temporalio/worker')('webpack');

const packed = (name) => join(root, 'scripts', 'packed', name);
const alias = {
  // What loads a package when it is needed; in the packed server the package is there already.
  [join(SERVER, 'proto', 'protobuf.js')]: packed('protobuf.cjs'),
  [join(SERVER, 'file', 'lmdb.js')]: packed('lmdb.js'),
  // The one that fits the definitions.
  protobufjs: dirname(requireOf('@temporalio/proto').resolve('protobufjs/package.json')),
  // Without its native part: the database is given bytes, and it encodes nothing.
  msgpackr$: join(dirname(requireOf('lmdb').resolve('msgpackr')), '..', 'index.js'),
};

/** Packages name it that start no program here; it is loaded if they do. */
const LATER = /^(node:)?child_process$/;

function externals({ request, context }, done) {
  if (LATER.test(request)) return done(null, `var ${loadedLater(request)}`);
  if (request.startsWith('node:')) return done(null, `commonjs ${request}`);
  if (context === COMMANDS && APART.test(request))
    return done(null, `var importThere(".${request}")`);
  return done();
}

const loadedLater = (name) => `new Proxy({}, { get: (_, key) => require("${name}")[key] })`;

/** Where a module is: here, but for the database, which looks for its native part where its package is. */
const url = webpack.DefinePlugin.runtimeValue(({ module }) =>
  isOf('lmdb', module.resource) ? '__urlOf("lmdb")' : '__urlOf()',
);
// As bin/packed.cjs calls it.
const HEAD = '(function (exports, require, module, __filename, __dirname, importThere) {';
const URL_OF =
  'const __urlOf = (name) => require("node:url").pathToFileURL(name ? require.resolve(name) : __filename).href;';

const isOf = (name, file = '') => file.includes(join('node_modules', name, '/'));

const compiler = webpack({
  mode: 'production',
  target: 'node20',
  context: root,
  entry: './dist/src/cli/main.js',
  output: { path: FOLDER, filename: FILE, library: { type: 'commonjs2' } },
  resolve: { alias },
  module: {
    parser: {
      javascript: { importMeta: false, createRequire: false, dynamicImportMode: 'eager' },
    },
  },
  node: { __filename: false, __dirname: false },
  plugins: [
    new webpack.DefinePlugin({
      'import.meta.url': url,
      // Arithmetic of protobufjs that is seldom used, and done without it where it is not there.
      WebAssembly: 'undefined',
    }),
    new webpack.BannerPlugin({ raw: true, banner: `${HEAD}${URL_OF}` }),
    new webpack.BannerPlugin({ raw: true, banner: '})', footer: true }),
  ],
  externals,
  performance: { hints: false },
  // Stack traces say more in code that is as it was written, and with V8's copy of it (bin/packed.cjs) it
  // takes no longer to load.
  optimization: { minimize: false },
});

compiler.run((error, stats) => {
  if (error || stats.hasErrors() || stats.hasWarnings()) {
    console.error(error ?? stats.toString('errors-warnings'));
    process.exitCode = 1;
    return;
  }
  oneByteACharacter(join(FOLDER, FILE));
  writeFileSync(join(FOLDER, 'LICENSES.txt'), licences(stats.compilation.modules));
});

/** A text of such characters is read, and held, as it is. */
function oneByteACharacter(file) {
  const text = readFileSync(file, 'utf8');
  const escaped = (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(file, text.replace(/[^\0-\x7f]/g, escaped));
}

/** The licences of the packages that are in it, as they ask for. */
function licences(modules) {
  const folders = new Set();
  const add = ({ resource = '', modules: inner = [] }) => {
    const folder = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(resource)?.[0];
    if (folder) folders.add(folder);
    for (const each of inner) add(each);
  };
  for (const each of modules) add(each);
  return [...folders].sort().map(licenceOf).join('\n');
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
  return `# ${name} ${version} (${license})\n\n${text}\n`;
}
