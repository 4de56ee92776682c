/** Message types made of definitions when they are first used, each with all that it refers to. */
import { type Definition, Definitions, type MethodDefinition, scopeOf } from './definitions.js';
import { loadProtobuf, type MessageType, type Protobuf, type ProtobufRoot } from './protobuf.js';

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

interface Library {
  readonly protobuf: Protobuf;
  readonly root: ProtobufRoot;
}

export class LazyRoot {
  readonly #definitions = new Definitions();
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

  /** Services by their full names, with all that they refer to: for reflection. */
  services(): (name: string) => object {
    const library = this.#loaded();
    return (name) => {
      this.#add(name, library);
      library.root.resolveAll();
      return library.root.lookupService(name);
    };
  }

  /** The methods of a service by its full name. */
  methods(service: string): [string, MethodDefinition][] {
    const methods = this.#definitions.find(service)?.methods;
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
    return Object.fromEntries(
      [...this.#definitions.inPackage(path)].map(([name, { values = {} }]) => [
        name,
        bothWays(values),
      ]),
    );
  }

  #type(name: string): MessageType {
    const library = this.#loaded();
    this.#add(name, library);
    library.root.resolveAll();
    return library.root.lookupType(name);
  }

  #loaded(): Library {
    if (this.#library) return this.#library;
    const protobuf = loadProtobuf();
    this.#library = { protobuf, root: new protobuf.Root() };
    return this.#library;
  }

  /** Adds what `name` is part of, and all that this refers to. */
  #add(name: string, library: Library): void {
    const whole = this.#definitions.outermost(name);
    const definition = whole && this.#definitions.find(whole);
    if (!definition) throw new Error(`no ${name} among the definitions`);
    if (this.#there.has(whole)) return;
    this.#there.add(whole);
    const scope = scopeOf(whole);
    const made = classOf(definition, library).fromJSON(whole.slice(scope.length + 1), definition);
    library.root.define(scope).add(made);
    for (const [type, where] of referencesOf(whole, definition))
      this.#add(this.#nameOf(type, where), library);
  }

  /** The full name of what `type` means in `scope`: the innermost that is there, as in protobuf. */
  #nameOf(type: string, scope: string): string {
    if (type.startsWith('.')) return type.slice(1);
    for (let outer = scope; outer; outer = scopeOf(outer))
      if (this.#definitions.has(`${outer}.${type}`)) return `${outer}.${type}`;
    if (this.#definitions.has(type)) return type;
    throw new Error(`no ${type} among the definitions, which ${scope} refers to`);
  }
}

function classOf({ values, methods }: Definition, { protobuf }: Library) {
  if (methods) return protobuf.Service;
  return values ? protobuf.Enum : protobuf.Type;
}

/** What a definition refers to, each with the name that it is written in. */
function* referencesOf(
  name: string,
  { fields = {}, methods = {}, nested = {} }: Definition,
): Iterable<[type: string, where: string]> {
  for (const { type } of Object.values(fields)) if (!SCALARS.has(type)) yield [type, name];
  for (const { requestType, responseType } of Object.values(methods)) {
    yield [requestType, name];
    yield [responseType, name];
  }
  for (const [inner, definition] of Object.entries(nested))
    yield* referencesOf(`${name}.${inner}`, definition);
}

const SCALARS: ReadonlySet<string> = new Set([
  ...['double', 'float', 'bool', 'string', 'bytes', 'int32', 'uint32', 'sint32', 'fixed32'],
  ...['sfixed32', 'int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'],
]);

function bothWays(values: { readonly [name: string]: number }) {
  const numbers = Object.entries(values).map(([name, number]) => [number, name]);
  return { ...Object.fromEntries(numbers), ...values } as { [key: string]: number | string };
}

/** Codecs of messages that are not among the definitions, from their description. */
export function codecsOf(
  nested: NonNullable<Definition['nested']>,
): (name: string) => Codec<unknown> {
  const root = loadProtobuf().Root.fromJSON({ nested });
  return (name) => root.lookupType(name);
}
