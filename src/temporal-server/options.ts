/**
 * What a server is started with, and what is wrong with it. All is checked before anything is
 * opened; an option that this version does not know is refused, so that no typo goes unnoticed.
 */
import type { Clock } from './clock.js';
import type { ServerEvent } from './engine/events.js';
import type { TlsOptions } from './grpc/security.js';
import type { IsBackground } from './history/activity-schedule.js';
import type { ClosedRunLimits } from './memory-store.js';
import { ServerErrorKind, TemporalServerError } from './server-error.js';
import { SearchAttributeType, systemAttributes } from './visibility/attributes.js';

export interface TemporalServerOptions {
  /** Default 7233; 0 is any free port. */
  readonly port?: number;
  /**
   * The address to listen on. Default 127.0.0.1. One that other machines reach needs
   * `tls.clientCa` or `apiKey`, or `insecure`.
   */
  readonly host?: string;
  /** Default `['default']`. */
  readonly namespaces?: readonly string[];
  /** Default: real time, or a skipping clock with `timeSkipping`. */
  readonly clock?: Clock;
  /**
   * Skip time whenever nothing is in progress. Default false. `'locked'`: only while a client has
   * unlocked it by the TestService, as Temporal's own test server starts. With `clock`, that clock
   * decides whether it can be skipped at all.
   */
  readonly timeSkipping?: boolean | 'locked';
  /** Custom search attributes that every namespace starts with. */
  readonly searchAttributes?: { readonly [name: string]: SearchAttributeType };
  /** Serve TLS alone; with `clientCa`, only clients with a certificate of that authority. */
  readonly tls?: TlsOptions;
  /** What a client must show, as `authorization: Bearer KEY`. Without it nobody is asked. */
  readonly apiKey?: string;
  /** Listen on an address that other machines reach although nothing keeps them out. */
  readonly insecure?: boolean;
  /**
   * Serve numbers for Prometheus at `http://127.0.0.1:PORT/metrics`, to this machine alone; 0 is any
   * free port. Default: nowhere.
   */
  readonly metricsPort?: number;
  /** Told what happens: see {@link ServerEvent}. */
  readonly onEvent?: (event: ServerEvent) => void;
  /**
   * The file that keeps the data: every call is on disk before it is answered, and a server that is
   * started with the file goes on where the last one stopped. Made when it is not there. Default:
   * memory.
   */
  readonly dbFilename?: string;
  /**
   * In memory: how many closed runs are kept at most, and how much history of theirs, before their namespace's
   * retention (24 h of real time by default) is over; the first to close go first. Default 20,000
   * runs and 256 MiB.
   */
  readonly closedRunLimits?: Partial<ClosedRunLimits>;
  /** Activities that do not count as work when deciding whether time may be skipped. Default none. */
  readonly isBackground?: IsBackground;
}

export const DEFAULT_PORT = 7233;
export const LOOPBACK = '127.0.0.1';

/** One check for each option, so that a new option cannot be forgotten here. */
const CHECKS: { readonly [O in keyof TemporalServerOptions]-?: (value: unknown) => void } = {
  port: (value) => checkPort('port', value),
  host: (value) => must('host', typeof value === 'string' && value !== '', 'an address', value),
  namespaces: checkNamespaces,
  clock: (value) => must('clock', isObject(value) && 'setTimer' in value, 'a Clock', value),
  timeSkipping: (value) =>
    must(
      'timeSkipping',
      [true, false, 'locked'].includes(value as boolean),
      "true, false or 'locked'",
      value,
    ),
  searchAttributes: checkSearchAttributes,
  tls: checkTls,
  apiKey: checkApiKey,
  insecure: (value) => checkBoolean('insecure', value),
  metricsPort: (value) => checkPort('metricsPort', value),
  onEvent: (value) => checkFunction('onEvent', value),
  dbFilename: (value) =>
    must('dbFilename', typeof value === 'string' && value !== '', "a file's name", value),
  closedRunLimits: checkLimits,
  isBackground: (value) => checkFunction('isBackground', value),
};

/** @throws TemporalServerError INVALID or INSECURE, naming the option */
export function checkOptions(options: TemporalServerOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const check = (CHECKS as { [name: string]: ((value: unknown) => void) | undefined })[name];
    if (!check) {
      const known = Object.keys(CHECKS).join(', ');
      throw invalidOption(name, `${name}: there is no such option; there are ${known}`);
    }
    if (value !== undefined) check(value);
  }
  refuseOpenDoor(options);
}

function refuseOpenDoor({ host = LOOPBACK, tls, apiKey, insecure }: TemporalServerOptions): void {
  if (isLoopback(host) || tls?.clientCa || apiKey || insecure) return;
  throw new TemporalServerError(
    ServerErrorKind.INSECURE,
    `host ${host}: other machines reach it, and nothing keeps them out. ` +
      'Give tls with a clientCa, or an apiKey; or insecure, where the network itself keeps them out',
    'host',
  );
}

/** Whether only this machine reaches it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(host);
}

export function invalidOption(option: string, message: string, cause?: unknown) {
  return new TemporalServerError(ServerErrorKind.INVALID, message, option, { cause });
}

function must(option: string, good: boolean, expected: string, value: unknown): void {
  if (good) return;
  const got = typeof value === 'string' || typeof value === 'number' ? `${value}` : typeof value;
  throw invalidOption(option, `${option}: expected ${expected}, got ${got === '' ? "''" : got}`);
}

function checkPort(option: string, value: unknown): void {
  const good = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
  must(option, good, 'a whole number from 0 to 65535', value);
}

function checkBoolean(option: string, value: unknown): void {
  must(option, typeof value === 'boolean', 'true or false', value);
}

function checkFunction(option: string, value: unknown): void {
  must(option, typeof value === 'function', 'a function', value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function checkNamespaces(value: unknown): void {
  const option = 'namespaces';
  must(option, Array.isArray(value) && value.length > 0, 'a list of at least one name', value);
  const names = value as readonly unknown[];
  for (const name of names) must(option, isName(name), 'names, none of them empty', name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalidOption(option, `${option}: ${twice} is there twice`);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && Buffer.byteLength(value) <= 1000;
}

function checkSearchAttributes(value: unknown): void {
  const option = 'searchAttributes';
  must(option, isObject(value), 'names with their types', value);
  const types: readonly string[] = Object.values(SearchAttributeType);
  for (const [name, type] of Object.entries(value as object)) {
    const where = `${option}.${name}`;
    must(where, types.includes(type as string), `one of ${types.join(', ')}`, type);
    if (systemAttributes.has(name))
      throw invalidOption(where, `${where}: Temporal itself has an attribute of that name`);
  }
}

function checkTls(value: unknown): void {
  must('tls', isObject(value), 'an object with cert and key', value);
  const { cert, key, clientCa } = value as { [name: string]: unknown };
  checkPem('tls.cert', cert);
  checkPem('tls.key', key);
  if (clientCa !== undefined) checkPem('tls.clientCa', clientCa);
}

/** Its value is never repeated: it may be a key. */
function checkPem(option: string, value: unknown): void {
  const text =
    typeof value === 'string' || value instanceof Uint8Array ? `${Buffer.from(value)}` : '';
  if (!text.includes('-----BEGIN '))
    throw invalidOption(option, `${option}: expected PEM text (-----BEGIN ...), not a file's name`);
}

function checkApiKey(value: unknown): void {
  if (typeof value !== 'string' || !/^[\x21-\x7e]{8,}$/.test(value))
    throw invalidOption(
      'apiKey',
      'apiKey: expected at least 8 printable ASCII characters without spaces',
    );
}

function checkLimits(value: unknown): void {
  const option = 'closedRunLimits';
  must(option, isObject(value), 'an object with runs, historyBytes or both', value);
  for (const [name, limit] of Object.entries(value as object))
    must(`${option}.${name}`, typeof limit === 'number' && limit >= 0, 'a number from 0', limit);
}
