/** `http_client`: HTTP requests. Not in workflows: what the network says cannot be replayed. */
import { ErrorKind, PerdureError } from '../../core/errors.js';
import type { HttpRequest, HttpResponse } from '../../kernel/request.js';
import {
  type LuaModule,
  type LuaRef,
  type LuaResult,
  type LuaValue,
  ModuleAccess,
  type ObjectType,
  Suspension,
  Use,
} from '../module.js';
import { Args, durationNs, fn } from './args.js';
import { encodeJson } from './json.js';

/** An answer of a server; its status is data, also where it tells of a failure. */
class Reply {
  constructor(readonly response: HttpResponse) {}
}

const replyType: ObjectType<Reply> = {
  of: Reply,
  name: 'HttpResponse',
  methods: {
    /** The body, decoded. */
    json: (_call, { response }) => {
      const text =
        typeof response.body === 'string' ? response.body : new TextDecoder().decode(response.body);
      try {
        return [JSON.parse(text) as LuaValue];
      } catch (cause) {
        const message = `the body of the response (status ${response.status}) is not JSON`;
        return [null, new PerdureError(ErrorKind.INTERNAL, message, { cause })];
      }
    },
  },
  field: ({ response }, key) => {
    if (key === 'status_code' || key === 'status') return response.status;
    if (key === 'headers') return { ...response.headers };
    return key === 'body' ? response.body : undefined;
  },
};

const OPTIONS = ['headers', 'body', 'json', 'timeout'];

/** Shorter than any exchange takes: such a number was meant to be seconds. */
const SHORTEST_TIMEOUT_NS = 1e6;

function exchange(method: string, url: string, options: LuaRef | null, name: string): LuaResult {
  const read = new OptionReader(name, options);
  const json = read.json();
  const http: HttpRequest = {
    method: method.toUpperCase(),
    url,
    headers: { ...(json !== null && { 'content-type': 'application/json' }), ...read.headers() },
    body: json ?? read.body(),
    timeoutMs: read.timeoutMs(),
  };
  return new Suspension({ op: 'http', http }, ({ value, error }) =>
    error === null ? [new Reply(value as HttpResponse)] : [null, error],
  );
}

class OptionReader {
  constructor(
    private readonly name: string,
    private readonly options: LuaRef | null,
  ) {
    for (const [key] of options?.fields() ?? []) {
      if (!OPTIONS.includes(key)) throw this.bad(key, `is none of ${OPTIONS.join(', ')}`);
    }
  }

  headers(): { readonly [name: string]: string } {
    const given = this.get('headers');
    if (given === null) return {};
    const map = new Args(this.name, ['headers'], [given]).map(0);
    return Object.fromEntries(
      Object.entries(map).map(([header, value]) => {
        if (typeof value === 'string' || typeof value === 'number') return [header, String(value)];
        throw this.bad('headers', `must have a string in "${header}"`);
      }),
    );
  }

  json(): string | null {
    const given = this.get('json');
    return given === null ? null : encodeJson(given);
  }

  body(): string | Uint8Array | null {
    const given = this.get('body');
    if (given === null || typeof given === 'string' || given instanceof Uint8Array) return given;
    throw this.bad('body', 'must be a string');
  }

  timeoutMs(): number | null {
    const given = this.get('timeout');
    if (given === null) return null;
    const ns = durationNs(given);
    if (ns !== undefined && ns >= SHORTEST_TIMEOUT_NS) return ns / 1e6;
    throw this.bad('timeout', 'must be a duration of 1ms or more, such as "30s"');
  }

  private get(key: string): LuaValue {
    return this.options?.get(key) ?? null;
  }

  private bad(key: string, why: string): PerdureError {
    return new PerdureError(ErrorKind.INVALID, `${this.name}: option "${key}" ${why}`);
  }
}

const shortcut = (verb: string) =>
  fn(`http_client.${verb}`, ['url', 'options'], (args) =>
    exchange(verb, args.nonEmpty(0), args.tableOrNull(1), args.name),
  );

export const httpClientModule: LuaModule = {
  name: 'http_client',
  access: ModuleAccess.LISTED,
  uses: [Use.LOCAL, Use.FUNCTION],
  functions: {
    get: shortcut('get'),
    head: shortcut('head'),
    post: shortcut('post'),
    put: shortcut('put'),
    patch: shortcut('patch'),
    delete: shortcut('delete'),
    request: fn('http_client.request', ['method', 'url', 'options'], (args) =>
      exchange(args.nonEmpty(0), args.nonEmpty(1), args.tableOrNull(2), args.name),
    ),
  },
  types: [replyType],
};
