/** The `perdure` command. Each subcommand is a file; this one only knows their names and flags. */
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { failure } from './envelope.js';
import { ExitCode } from './exit-codes.js';
import { endWithReader } from './signals.js';

/**
 * Runs the command line.
 *
 * @param onServing - told when a server that was asked for is up
 * @returns the exit code
 */
export async function main(argv: readonly string[], onServing = () => {}): Promise<number> {
  let code: number = ExitCode.OK;
  const version = argv.includes('--version') ? packageVersion() : '';
  const program = commandLine(version, onServing, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return ExitCode.OK;
    if (argv.includes('--json')) {
      const error = new PerdureError(ErrorKind.INVALID, thrown.message);
      process.stdout.write(`${JSON.stringify(failure(null, error))}\n`);
    }
    return ExitCode.USAGE;
  }
}

function commandLine(
  version: string,
  onServing: () => void,
  finish: (code: number) => void,
): Command {
  const program = new Command('perdure')
    .description(
      'Processes that talk, watch each other and survive: locally, or as Temporal workflows.',
    )
    .exitOverride()
    .showHelpAfterError('(perdure --help shows the commands)');
  program.version(version, '--version', 'print the version');
  program.addCommand(runCommand(finish));
  program.addCommand(lintCommand(finish));
  program.addCommand(replayCommand(finish));
  program.addCommand(serverCommand(onServing, finish));
  program.addCommand(clockCommand(finish));
  return program;
}

function packageVersion(): string {
  // By its name, since this module may be part of a bundle that lies elsewhere.
  const require = createRequire(import.meta.url);
  return (require('perdure/package.json') as { version: string }).version;
}

function runCommand(finish: (code: number) => void): Command {
  return new Command('run')
    .description('Start the app in DIR; with -x run one entry, print its value and stop.')
    .argument('<dir>', 'folder with the app (its _index.yaml)')
    .option('-x, --execute <entry>', 'run this entry (namespace:name) and stop when it ends')
    .addOption(
      new Option('--input <json>', 'an argument of the entry, as JSON; repeat for several')
        .default([] as string[], 'none')
        .argParser((text, all: string[]) => [...all, text]),
    )
    .option('--host <id>', 'host to run the entry on')
    .option('--address <host:port>', 'Temporal server for every client of the app')
    .option('--timeout <duration>', 'give up after this long (30s, 5m); exit code 3')
    .option('--skip-time', 'embedded server only: jump over idle time instead of waiting')
    .option('--ephemeral', 'keep the data of the embedded server in memory')
    .option('-f, --db-filename <file>', 'keep it in this file; default: a file in DIR/.perdure')
    .option('--json', 'print one JSON envelope on stdout, and nothing else')
    .addOption(
      new Option('--log-level <level>', 'least important level to log')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addOption(new Option('--color', 'colours even where stderr is not a terminal'))
    .exitOverride()
    .showHelpAfterError('(perdure run --help shows the flags)')
    .action(async (dir: string, flags: unknown) => {
      const { run } = await import('./run.js');
      finish(await run(dir, flags as import('./run.js').RunFlags));
    });
}

function lintCommand(finish: (code: number) => void): Command {
  return new Command('lint')
    .description(
      'Look for mistakes in the app in DIR without running it; exit code 1 where any are.',
    )
    .argument('<dir>', 'folder with the app (its _index.yaml)')
    .option('--json', 'print one JSON envelope a line on stdout, and nothing else')
    .addOption(new Option('--color', 'colours even where stdout is not a terminal'))
    .exitOverride()
    .showHelpAfterError('(perdure lint --help shows the flags)')
    .action(async (dir: string, flags: unknown) => {
      const { lint } = await import('./lint.js');
      endWithReader();
      finish(await lint(dir, flags as import('./lint.js').LintFlags));
    });
}

function replayCommand(finish: (code: number) => void): Command {
  const repeated = (flag: string, what: string): Option =>
    new Option(flag, `${what}; repeat for several`)
      .default([] as string[], 'none')
      .argParser((text, all: string[]) => [...all, text]);
  return new Command('replay')
    .description(
      'Replay histories of workflows with the code in DIR; exit code 5 where one diverges.',
    )
    .argument('<dir>', 'folder with the app (its _index.yaml)')
    .addOption(repeated('--workflow-id <id>', 'the latest run of this workflow'))
    .option('--all-open', 'every open run of the app’s workers')
    .addOption(
      repeated('--file <history.json>', 'what `temporal workflow show --output json` prints'),
    )
    .option('--address <host:port>', 'Temporal server for every client of the app')
    .option('--json', 'print one JSON envelope a history on stdout, and nothing else')
    .addOption(new Option('--color', 'colours even where stdout is not a terminal'))
    .exitOverride()
    .showHelpAfterError('(perdure replay --help shows the flags)')
    .action(async (dir: string, flags: unknown) => {
      const { replay } = await import('./replay.js');
      endWithReader();
      finish(await replay(dir, flags as import('./replay.js').ReplayFlags));
    });
}

function serverCommand(onServing: () => void, finish: (code: number) => void): Command {
  const server = new Command('server').description('The embedded Temporal server, by itself.');
  server
    .command('start-dev')
    .description(
      'Serve Temporal’s protocol on one machine, for development. Data is kept in memory, or in a file.',
    )
    .option('--ip <address>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <port>', 'port to listen on; 0 takes a free one', '7233')
    .addOption(
      new Option('-n, --namespace <name...>', 'namespaces to create besides "default"').default(
        [] as string[],
        'none',
      ),
    )
    .addOption(
      new Option(
        '--search-attribute <name=type...>',
        'search attributes of every namespace',
      ).default([] as string[], 'none'),
    )
    .option(
      '-f, --db-filename <file>',
      'keep the data in this file, which is made when it is not there',
    )
    .option('--skip-time', 'jump over idle time instead of waiting')
    .option('--tls-cert <file>', 'serve TLS with this certificate (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--tls-client-ca <file>', 'let in only clients with a certificate of this authority')
    .option(
      '--api-key-env <name>',
      'let in only clients with the API key (8 characters or more) in this variable',
    )
    .option(
      '--api-key <key>',
      'the same; other users of this machine can see it in the process list',
    )
    .option('--insecure', 'listen where other machines reach it although nothing keeps them out')
    .option('--metrics-port <port>', 'numbers for Prometheus at http://127.0.0.1:PORT/metrics')
    .option('--headless', 'accepted; there is no web UI here')
    .addOption(
      new Option('--log-level <level>', 'least important level to log')
        .choices(['debug', 'info', 'warn', 'error', 'silent', 'never'])
        .default('warn'),
    )
    .option('--json', 'print one JSON object with the address when ready')
    .exitOverride()
    .showHelpAfterError('(perdure server start-dev --help shows the flags)')
    .action(async (flags: unknown) => {
      const { serve } = await import('./server.js');
      finish(await serve(flags as import('./server.js').ServerFlags, onServing));
    });
  return server;
}

function clockCommand(finish: (code: number) => void): Command {
  return new Command('clock')
    .description(
      'Move the clock of one workflow and its descendants ahead, on an embedded server: clock +24h --tree ID',
    )
    .argument('<duration>', 'how far: +24h, +90m, +1h30m')
    .requiredOption('--tree <workflow id>', 'the workflow; its descendants go with it')
    .option('--address <host:port>', 'the embedded server', '127.0.0.1:7233')
    .option('-n, --namespace <name>', 'the namespace of the workflow', 'default')
    .option('--timeout <duration>', 'how long the tree may take to come to rest', '60s')
    .option('--tls-ca <file>', 'TLS, with the authority of the server (PEM)')
    .option('--tls-cert <file>', 'the certificate of this client (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--api-key-env <name>', 'the variable with the API key of the server')
    .option('--json', 'print one JSON envelope on stdout, and nothing else')
    .exitOverride()
    .showHelpAfterError('(perdure clock --help shows the flags)')
    .action(async (duration: string, flags: unknown) => {
      const { moveClock } = await import('./clock.js');
      finish(await moveClock(duration, flags as import('./clock.js').ClockFlags));
    });
}
