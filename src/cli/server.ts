/** `perdure server start-dev`: the embedded Temporal server alone, until Ctrl+C. */
import { startTemporalServer, type TemporalServer } from '../temporal-server/index.js';
import { ExitCode } from './exit-codes.js';
import { untilSignal } from './signals.js';
import { complain, say } from './terminal.js';

export interface ServerFlags {
  readonly ip: string;
  readonly port: string;
  readonly namespace: readonly string[];
  readonly skipTime?: boolean;
  readonly json?: boolean;
}

export async function serve(flags: ServerFlags): Promise<number> {
  const port = Number(flags.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    complain(`--port ${flags.port}: expected a whole number from 0 to 65535`);
    return ExitCode.USAGE;
  }
  const signal = untilSignal();
  const server = await start(flags, port);
  if (server === null) return ExitCode.ERROR;
  if (flags.json) process.stdout.write(`${JSON.stringify({ address: server.address })}\n`);
  else
    say(
      `Temporal server listening on ${server.address} (data is kept in memory). Ctrl+C stops it.`,
    );
  const code = await signal;
  await server.close();
  return code;
}

async function start(flags: ServerFlags, port: number): Promise<TemporalServer | null> {
  try {
    return await startTemporalServer({
      host: flags.ip,
      port,
      namespaces: ['default', ...flags.namespace.filter((name) => name !== 'default')],
      timeSkipping: flags.skipTime ?? false,
    });
  } catch (thrown) {
    complain(
      `cannot listen on ${flags.ip}:${port}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      'choose another port with --port, or end what listens there',
    );
    return null;
  }
}
