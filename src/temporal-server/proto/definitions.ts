/**
 * Temporal's message definitions as plain data: those of `@temporalio/proto` that a server needs.
 *
 * That package builds every definition it has when it is loaded, which takes longer than all else
 * that a server does to start. The build writes the data to `dist/temporal-protos.txt` instead, one
 * definition a line, and each is read when it is used. Source that was not built takes the data
 * from the package itself.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ownDefinitions } from './own.js';

/** A message with all that is nested in it, an enum or a service, in the form of protobufjs' `toJSON`. */
export interface Definition {
  readonly nested?: { readonly [name: string]: Definition };
  /** Of a message. */
  readonly fields?: { readonly [name: string]: Field };
  /** Of an enum. */
  readonly values?: { readonly [name: string]: number };
  /** Of a service. */
  readonly methods?: { readonly [name: string]: MethodDefinition };
}

export interface Field {
  /** A scalar, or another definition by its name. */
  readonly type: string;
  readonly id: number;
}

export interface MethodDefinition {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

/** Beside the folder of compiled code. */
export const builtDefinitionsPath = fileURLToPath(
  new URL('../../../temporal-protos.txt', import.meta.url),
);

/** The definitions by full names, each read when it is first asked for. */
export class Definitions {
  readonly #outermost = new Map<string, Definition | string>(Object.entries(ownDefinitions));

  constructor(text = builtDefinitions() ?? definitionsOfPackage()) {
    for (const line of text.split('\n')) {
      const end = line.indexOf(' ');
      this.#outermost.set(line.slice(0, end), line.slice(end + 1));
    }
  }

  /** The message that a name is of, or the one around it: messages in a message come with it. */
  outermost(name: string): string | undefined {
    for (let outer = name; outer !== ''; outer = scopeOf(outer))
      if (this.#outermost.has(outer)) return outer;
    return undefined;
  }

  has(name: string): boolean {
    return this.#outermost.has(name) || this.find(name) !== undefined;
  }

  find(name: string): Definition | undefined {
    const outer = this.outermost(name);
    if (outer === undefined) return undefined;
    let definition: Definition | undefined = this.#read(outer);
    for (const part of name.slice(outer.length + 1).split('.'))
      if (part !== '') definition = definition?.nested?.[part];
    return definition;
  }

  /** What a package has, without its packages. */
  *inPackage(path: string): Iterable<[name: string, definition: Definition]> {
    for (const name of this.#outermost.keys())
      if (scopeOf(name) === path) yield [name.slice(path.length + 1), this.#read(name)];
  }

  #read(name: string): Definition {
    const known = this.#outermost.get(name) as Definition | string;
    if (typeof known !== 'string') return known;
    const definition = JSON.parse(known) as Definition;
    this.#outermost.set(name, definition);
    return definition;
  }
}

/** What a name is in: a message or a package; empty for the outermost package. */
export function scopeOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('.'), 0));
}

function builtDefinitions(): string | undefined {
  try {
    return readFileSync(builtDefinitionsPath, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** All that the package has, but for what SDKs and Temporal Cloud speak among themselves: a line each. */
export function definitionsOfPackage(): string {
  const require = createRequire(import.meta.url);
  const { nested = {} } = require('@temporalio/proto').toJSON() as Definition;
  return [...linesOf(nested, '')].join('\n');
}

function* linesOf(nested: NonNullable<Definition['nested']>, scope: string): Iterable<string> {
  for (const [part, definition] of Object.entries(nested)) {
    const name = scope + part;
    const { fields, values, methods } = definition;
    if (NOT_SERVED.has(name)) continue;
    if (fields ?? values ?? methods) yield `${name} ${JSON.stringify(definition, withoutNotes)}`;
    else yield* linesOf(definition.nested ?? {}, `${name}.`);
  }
}

const NOT_SERVED: ReadonlySet<string> = new Set(['coresdk', 'temporal.api.cloud']);

/** Leaves out what only tells people of a definition, and how a method is called over plain HTTP. */
function withoutNotes(this: object, key: string, value: unknown): unknown {
  if (key === 'parsedOptions' || key === 'protoName') return undefined;
  return key === 'options' && 'requestType' in this ? undefined : value;
}
