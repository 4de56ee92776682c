/**
 * Message types made of definitions when they are first used, each with all that it refers to.
 *
 * protobufjs does the work; it is the one that `@temporalio/proto` brings along, so that definitions
 * and their reader fit.
 */
import { createRequire } from 'node:module';
import { type Definition, loadDefinitions, type MethodDefinition } from './definitions.js';
import { ownDefinitions } from './own.js';

/** What a message type can do for us. */
export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/**
 * A message as bytes and back as plain data: whole numbers are numbers, and a field that is not set
 * is not there, as in messages that the server itself has made.
 */
export interface PlainCodec<T> {
  encode(message: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

interface MessageType extends Codec<unknown> {
  toObject(message: unknown, options: { readonly longs: typeof Number }): unknown;
}

/** The part of protobufjs that is used. */
interface Protobuf {
  readonly Root: { new (): Root; fromJSON(json: Definition): WholeRoot };
  readonly Type: { fromJSON(name: string, json: Definition): object };
  readonly Enum: { fromJSON(name: string, json: Definition): object };
}
interface Root {
  define(path: string): { add(object: object): void };
  resolveAll(): void;
  lookupType(name: string): MessageType;
}

interface WholeRoot extends Root {
  lookupService(name: string): object;
}

interface Library {
  readonly protobuf: Protobuf;
  readonly root: Root;
}

export class LazyRoot {
  readonly #definitions: Definition = {
    nested: { ...loadDefinitions().nested, ...ownDefinitions },
  };
  /** Loaded with the first message: a server that nobody has called needs none. */
  #library: Library | undefined;
  readonly #there = new Set<string>();

  /** The codec of a message by its full name; the message is looked up when it is first used. */
  codec<T>(name: string): Codec<T> {
    const type = this.#lazy(name);
    return {
      encode: (message) => type().encode(message),
      decode: (bytes) => type().decode(bytes) as T,
    };
  }

  /** The same as plain data. */
  plainCodec<T>(name: string): PlainCodec<T> {
    const type = this.#lazy(name);
    return {
      encode: (message) => type().encode(message).finish(),
      decode: (bytes) => type().toObject(type().decode(bytes), { longs: Number }) as T,
    };
  }

  #lazy(name: string): () => MessageType {
    let type: MessageType | undefined;
    return () => {
      type ??= this.#type(name);
      return type;
    };
  }

  /** Services by their full names, with all definitions around them: for reflection, as it takes a while. */
  services(): (name: string) => object {
    const root = loadProtobuf().Root.fromJSON(this.#definitions);
    root.resolveAll();
    return (name) => root.lookupService(name);
  }

  /** The methods of a service by its full name. */
  methods(service: string): [string, MethodDefinition][] {
    const methods = this.#find(service)?.methods;
    if (!methods) throw new Error(`no service ${service} among the definitions`);
    const within = (type: string) => this.#nameOf(type, service);
    return Object.entries(methods).map(([name, method]) => [
      name,
      {
        ...method,
        requestType: within(method.requestType),
        responseType: within(method.responseType),
      },
    ]);
  }

  /** The enums of a package, both ways: number by name and name by number. */
  enums(path: string): { [name: string]: { [nameOrNumber: string]: number | string } } {
    const all = Object.entries(this.#find(path)?.nested ?? {});
    return Object.fromEntries(all.map(([name, { values }]) => [name, bothWays(values ?? {})]));
  }

  #type(name: string): MessageType {
    this.#library ??= loadLibrary();
    this.#add(name, this.#library);
    this.#library.root.resolveAll();
    return this.#library.root.lookupType(name);
  }

  /** Adds what `name` is part of, and all that this refers to. */
  #add(name: string, library: Library): void {
    const whole = this.#outermost(name);
    if (this.#there.has(whole)) return;
    this.#there.add(whole);
    const definition = this.#find(whole) as Definition;
    const at = whole.lastIndexOf('.');
    const { Enum, Type } = library.protobuf;
    const made = (definition.values ? Enum : Type).fromJSON(whole.slice(at + 1), definition);
    library.root.define(whole.slice(0, at)).add(made);
    this.#addReferences(whole, definition, library);
  }

  #addReferences(name: string, { fields = {}, nested = {} }: Definition, library: Library): void {
    for (const { type } of Object.values(fields))
      if (!SCALARS.has(type)) this.#add(this.#nameOf(type, name), library);
    for (const [inner, definition] of Object.entries(nested))
      this.#addReferences(`${name}.${inner}`, definition, library);
  }

  /** A message may be nested in messages: these come and go together. */
  #outermost(name: string): string {
    const parts = name.split('.');
    for (let length = 1; length < parts.length; length++) {
      const outer = parts.slice(0, length).join('.');
      if (this.#find(outer)?.fields) return outer;
    }
    return name;
  }

  /** The full name of what `type` means in `scope`: the innermost that is there, as in protobuf. */
  #nameOf(type: string, scope: string): string {
    if (type.startsWith('.')) return type.slice(1);
    for (let outer = scope; outer; outer = outer.slice(0, Math.max(outer.lastIndexOf('.'), 0)))
      if (this.#find(`${outer}.${type}`)) return `${outer}.${type}`;
    if (this.#find(type)) return type;
    throw new Error(`no ${type} among the definitions, which ${scope} refers to`);
  }

  #find(name: string): Definition | undefined {
    let definition: Definition | undefined = this.#definitions;
    for (const part of name.split('.')) definition = definition?.nested?.[part];
    return definition;
  }
}

const SCALARS: ReadonlySet<string> = new Set([
  ...['double', 'float', 'bool', 'string', 'bytes', 'int32', 'uint32', 'sint32', 'fixed32'],
  ...['sfixed32', 'int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'],
]);

function bothWays(values: { readonly [name: string]: number }) {
  const numbers = Object.entries(values).map(([name, number]) => [number, name]);
  return { ...Object.fromEntries(numbers), ...values } as { [key: string]: number | string };
}

function loadLibrary(): Library {
  const protobuf = loadProtobuf();
  return { protobuf, root: new protobuf.Root() };
}

function loadProtobuf(): Protobuf {
  const require = createRequire(import.meta.url);
  const requireThere = createRequire(require.resolve('@temporalio/proto'));
  return requireThere('protobufjs/light') as Protobuf;
}

/** Codecs of messages that are not among the definitions, from their description. */
export function codecsOf(
  nested: NonNullable<Definition['nested']>,
): (name: string) => Codec<unknown> {
  const root = loadProtobuf().Root.fromJSON({ nested });
  return (name) => root.lookupType(name);
}
