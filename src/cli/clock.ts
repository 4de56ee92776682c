/** `perdure clock +24h --tree ID`: asks an embedded server to move the clock of a tree ahead. */
import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { formatDuration, parseDuration } from '../core/duration.js';
import { ErrorKind, PerdureError } from '../core/errors.js';
import { type MovedAhead, moveAheadCall } from '../temporal-server/index.js';
import { failure, success } from './envelope.js';
import { ExitCode } from './exit-codes.js';
import { complain } from './terminal.js';

export interface ClockFlags {
  readonly tree: string;
  readonly address: string;
  readonly namespace: string;
  readonly timeout: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly apiKeyEnv?: string;
  readonly json?: boolean;
}

export async function moveClock(duration: string, flags: ClockFlags): Promise<number> {
  try {
    const byMs = positive('the duration', duration, duration.replace(/^\+/, ''));
    const timeoutMs = positive('--timeout', flags.timeout, flags.timeout);
    const { nowMs, moved } = await ask(byMs, timeoutMs, flags);
    const now = new Date(nowMs).toISOString();
    const value = { now, moved };
    if (flags.json) process.stdout.write(`${JSON.stringify(success(null, value))}\n`);
    else {
      const runs = moved === 1 ? '1 run' : `${moved} runs`;
      process.stdout.write(`${flags.tree} is at ${now}, ${formatDuration(byMs)} on (${runs})\n`);
    }
    return ExitCode.OK;
  } catch (thrown) {
    if (!(thrown instanceof PerdureError)) throw thrown;
    if (flags.json) process.stdout.write(`${JSON.stringify(failure(null, thrown))}\n`);
    else complain(thrown.text);
    return thrown.kind === ErrorKind.INVALID ? ExitCode.USAGE : ExitCode.ERROR;
  }
}

function positive(what: string, text: string, duration: string): number {
  const ms = parseDuration(duration);
  if (ms !== undefined && ms > 0) return ms;
  throw new PerdureError(
    ErrorKind.INVALID,
    `${what} ${text}: expected how far ahead, such as +24h or 90m; a clock does not go back`,
  );
}

function ask(byMs: number, timeoutMs: number, flags: ClockFlags): Promise<MovedAhead> {
  const call = moveAheadCall();
  const order = { namespace: flags.namespace, workflowId: flags.tree, byMs };
  const metadata = new Metadata();
  const key = apiKeyOf(flags);
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
  const client = new Client(flags.address, credentialsOf(flags));
  return new Promise<MovedAhead>((resolve, reject) => {
    client.makeUnaryRequest(
      call.path,
      (request: typeof order) => Buffer.from(call.encode(request)),
      (bytes: Buffer) => call.decode(bytes),
      order,
      metadata,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, answer) =>
        answer ? resolve(answer) : reject(explained(error, flags)),
    );
  }).finally(() => client.close());
}

function credentialsOf({ tlsCa, tlsCert, tlsKey }: ClockFlags) {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined)
    return credentials.createInsecure();
  const read = (flag: string, file: string | undefined) =>
    file === undefined ? null : pemOf(flag, file);
  return credentials.createSsl(
    read('--tls-ca', tlsCa),
    read('--tls-key', tlsKey),
    read('--tls-cert', tlsCert),
  );
}

function pemOf(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    const { message } = thrown as Error;
    throw new PerdureError(ErrorKind.INVALID, `${flag} ${file}: ${message}`);
  }
}

function apiKeyOf({ apiKeyEnv }: ClockFlags): string | undefined {
  if (apiKeyEnv === undefined) return undefined;
  const key = process.env[apiKeyEnv];
  if (key) return key;
  const what = `--api-key-env ${apiKeyEnv}: there is no such variable, or it is empty`;
  throw new PerdureError(ErrorKind.INVALID, what);
}

function explained(cause: ServiceError | null, { address, tree }: ClockFlags): PerdureError {
  const details = cause?.details ?? 'no answer';
  switch (cause?.code) {
    case status.UNIMPLEMENTED:
      return new PerdureError(
        ErrorKind.INVALID,
        `${address} is no embedded server of perdure: only that can move the clock of a workflow`,
        { cause },
      );
    case status.NOT_FOUND:
      return new PerdureError(ErrorKind.NOT_FOUND, `--tree ${tree}: ${details}`, { cause });
    case status.FAILED_PRECONDITION:
      return new PerdureError(ErrorKind.CONFLICT, details, { cause });
    case status.DEADLINE_EXCEEDED:
      return new PerdureError(ErrorKind.TIMEOUT, `--timeout has passed: ${details}`, { cause });
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return new PerdureError(ErrorKind.PERMISSION_DENIED, `${address}: ${details}`, { cause });
    default:
      return new PerdureError(ErrorKind.UNAVAILABLE, `${address}: ${details}`, { cause });
  }
}
