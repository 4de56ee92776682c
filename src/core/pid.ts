/**
 * A PID is the address of a process, and a plain string everywhere: `{host|id}` or `{node@host|id}`.
 *
 * - `host` is a registry id such as `app:worker`; it never contains `|`, `@`, `{` or `}`.
 * - `node` is there for processes that live and die with one node.
 * - `id` is whatever the host likes (a workflow id may contain any character, `|` and `}` included).
 */

export type Pid = string;

export interface PidParts {
  /** The node the process belongs to; `undefined` for a process that any node can reach (a workflow). */
  readonly node: string | undefined;
  /** Registry id of the host, `namespace:name`. */
  readonly host: string;
  /** The process's own id on that host. */
  readonly id: string;
}

/** The PID of process `id` on `host`, on one node where `node` is given. */
export function formatPid(host: string, id: string, node?: string): Pid {
  return node === undefined ? `{${host}|${id}}` : `{${node}@${host}|${id}}`;
}

/** The parts of a PID; `undefined` where `text` is not one (a registered name, say). */
export function parsePid(text: string): PidParts | undefined {
  if (text.length < 5 || text[0] !== '{' || text[text.length - 1] !== '}') return undefined;
  const bar = text.indexOf('|');
  if (bar < 2 || bar === text.length - 2) return undefined;
  const at = text.indexOf('@');
  const hasNode = at > 0 && at < bar;
  const host = text.slice(hasNode ? at + 1 : 1, bar);
  if (host.length === 0 || at === 1 || !isPlain(host)) return undefined;
  return {
    node: hasNode ? text.slice(1, at) : undefined,
    host,
    id: text.slice(bar + 1, -1),
  };
}

/** Whether a host part has none of `@`, `{` and `}`; a loop, because this is asked for each signal. */
function isPlain(host: string): boolean {
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code === 0x40 || code === 0x7b || code === 0x7d) return false;
  }
  return true;
}

/** True where `text` has the form of a PID. */
export function isPid(text: string): boolean {
  return parsePid(text) !== undefined;
}
