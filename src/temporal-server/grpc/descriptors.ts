/**
 * The protocol's types as file descriptors, for gRPC reflection.
 *
 * What is known of the protocol is a tree of types; in which files they were written is not. Each type
 * is a file of its own here, but for types that refer to each other: those are one file together, as
 * no file may import another one in a circle.
 */
import {
  codec,
  type ReflectedEnum,
  type ReflectedField,
  type ReflectedMessage,
  type ReflectedObject,
  reflectedServices,
} from '../proto.js';

const fileCodec = codec<object>('google.protobuf.FileDescriptorProto');

/** Descriptor.proto's numbers for what a field can be. */
const FIELD_TYPES: { readonly [type: string]: number } = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
const MESSAGE = 11;
const ENUM = 14;
const OPTIONAL = 1;
const REPEATED = 3;

interface File {
  readonly name: string;
  readonly members: readonly ReflectedObject[];
}

export class Descriptors {
  readonly #byName = new Map<string, File>();
  readonly #byObject = new Map<ReflectedObject, File>();
  readonly #bySymbol = new Map<string, File>();
  readonly #encoded = new Map<File, Uint8Array>();

  /** @param services - full names of the services that are told of, with all that they use */
  constructor(readonly services: readonly string[]) {
    for (const members of groupsOf(services.map(reflectedServices()))) {
      const [first] = members.map(nameOf).sort();
      const file = { name: `${first}.proto`, members };
      this.#byName.set(file.name, file);
      for (const member of members) {
        this.#byObject.set(member, file);
        this.#bySymbol.set(nameOf(member), file);
      }
    }
  }

  /** A file and those that it needs, it first; undefined when there is none of that name. */
  ofFile(name: string): Uint8Array[] | undefined {
    const file = this.#byName.get(name);
    return file && this.#withImports(file);
  }

  /** The file of a service, a method, a message, an enum, or of a part of one. */
  ofSymbol(symbol: string): Uint8Array[] | undefined {
    for (let name = symbol; name !== ''; name = name.slice(0, Math.max(name.lastIndexOf('.'), 0))) {
      const file = this.#bySymbol.get(name);
      if (file) return this.#withImports(file);
    }
    return undefined;
  }

  #withImports(file: File): Uint8Array[] {
    const seen = new Set([file]);
    for (const each of seen) for (const other of this.#imports(each)) seen.add(other);
    return [...seen].map((each) => this.#bytesOf(each));
  }

  #imports(file: File): Set<File> {
    const used = new Set<File>();
    for (const object of file.members.flatMap(usedBy)) {
      const other = this.#byObject.get(object);
      if (other && other !== file) used.add(other);
    }
    return used;
  }

  #bytesOf(file: File): Uint8Array {
    const known = this.#encoded.get(file) ?? this.#encode(file);
    this.#encoded.set(file, known);
    return known;
  }

  #encode(file: File): Uint8Array {
    const messages = file.members.filter(isMessage);
    return fileCodec
      .encode({
        name: file.name,
        package: packageOf(file.members[0]),
        dependency: [...this.#imports(file)].map(({ name }) => name),
        messageType: messages.map(messageDescriptor),
        enumType: file.members.filter(isEnum).map(enumDescriptor),
        service: file.members.flatMap((member) =>
          'methodsArray' in member ? [serviceDescriptor(member)] : [],
        ),
        syntax: 'proto3',
      })
      .finish();
  }
}

function nameOf(object: ReflectedObject): string {
  return object.fullName.replace(/^\./, '');
}

function packageOf(object: ReflectedObject | undefined): string {
  return object ? nameOf(object).slice(0, -(object.name.length + 1)) : '';
}

function isMessage(object: ReflectedObject): object is ReflectedMessage {
  return 'fieldsArray' in object;
}

function isEnum(object: ReflectedObject): object is ReflectedEnum {
  return 'values' in object;
}

/** The outermost type that a type is written in. */
function outermost(object: ReflectedObject): ReflectedObject {
  const { parent } = object;
  return parent && isMessage(parent) ? outermost(parent) : object;
}

/** The outermost types that one refers to. */
function usedBy(object: ReflectedObject): ReflectedObject[] {
  if ('methodsArray' in object) {
    return object.methodsArray.flatMap((method) => {
      const { resolvedRequestType, resolvedResponseType } = method.resolve();
      return [outermost(resolvedRequestType), outermost(resolvedResponseType)];
    });
  }
  if (!isMessage(object)) return [];
  const own = object.fieldsArray.flatMap((field) => {
    const type = field.resolve().resolvedType;
    return type ? [outermost(type)] : [];
  });
  return [...own, ...object.nestedArray.flatMap(usedBy)];
}

/** What can be reached from some objects, in groups that refer to each other (Tarjan's algorithm). */
function groupsOf(roots: readonly ReflectedObject[]): ReflectedObject[][] {
  const groups: ReflectedObject[][] = [];
  const order = new Map<ReflectedObject, number>();
  const lowest = new Map<ReflectedObject, number>();
  const path: ReflectedObject[] = [];
  const onPath = new Set<ReflectedObject>();
  const visit = (object: ReflectedObject): number => {
    const at = order.size;
    order.set(object, at);
    let low = at;
    path.push(object);
    onPath.add(object);
    for (const other of usedBy(object)) {
      if (!order.has(other)) low = Math.min(low, visit(other));
      else if (onPath.has(other)) low = Math.min(low, order.get(other) ?? low);
    }
    lowest.set(object, low);
    if (low === at) {
      const group = path.splice(path.indexOf(object));
      for (const member of group) onPath.delete(member);
      groups.push(group);
    }
    return low;
  };
  for (const root of roots) if (!order.has(root)) visit(root);
  return groups;
}

function messageDescriptor(message: ReflectedMessage): object {
  const maps = message.fieldsArray.filter((field) => field.map);
  // A field that is optional by itself has a group of one, which has to come last.
  const groups = [...(message.oneofsArray ?? [])].sort(
    (a, b) => Number(a.name.startsWith('_')) - Number(b.name.startsWith('_')),
  );
  return {
    name: message.name,
    field: message.fieldsArray.map((field) => {
      const group = groups.findIndex(({ oneof }) => oneof.includes(field.name));
      return {
        ...fieldDescriptor(field, nameOf(message)),
        ...(group >= 0 && { oneofIndex: group }),
        ...(groups[group]?.name.startsWith('_') && { proto3Optional: true }),
      };
    }),
    oneofDecl: groups.map(({ name }) => ({ name: snakeCase(name) })),
    nestedType: [
      ...message.nestedArray.filter(isMessage).map(messageDescriptor),
      ...maps.map(mapEntry),
    ],
    enumType: message.nestedArray.filter(isEnum).map(enumDescriptor),
  };
}

function fieldDescriptor(field: ReflectedField, owner: string): object {
  const common = { name: snakeCase(field.name), number: field.id, jsonName: field.name };
  if (field.map)
    return { ...common, label: REPEATED, type: MESSAGE, typeName: `.${owner}.${entryName(field)}` };
  return { ...common, label: field.repeated ? REPEATED : OPTIONAL, ...typeOf(field) };
}

function typeOf(field: ReflectedField): object {
  const { resolvedType, type } = field.resolve();
  if (!resolvedType) return { type: FIELD_TYPES[type] ?? 0 };
  return {
    type: isEnum(resolvedType) ? ENUM : MESSAGE,
    typeName: `.${nameOf(resolvedType)}`,
  };
}

function entryName({ name }: ReflectedField): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Entry`;
}

/** A map is a list of pairs of a type that is made for it. */
function mapEntry(field: ReflectedField): object {
  const key = { name: 'key', number: 1, label: OPTIONAL, jsonName: 'key' };
  const value = { name: 'value', number: 2, label: OPTIONAL, jsonName: 'value' };
  return {
    name: entryName(field),
    field: [
      { ...key, type: FIELD_TYPES[field.keyType ?? 'string'] },
      { ...value, ...typeOf(field) },
    ],
    options: { mapEntry: true },
  };
}

function enumDescriptor({ name, values }: ReflectedEnum): object {
  const value = Object.entries(values).map(([key, number]) => ({ name: key, number }));
  const isRepeated = new Set(value.map(({ number }) => number)).size < value.length;
  return { name, value, ...(isRepeated && { options: { allowAlias: true } }) };
}

function serviceDescriptor(service: Extract<ReflectedObject, { methodsArray: unknown }>): object {
  return {
    name: service.name,
    method: service.methodsArray.map((method) => {
      const { resolvedRequestType, resolvedResponseType } = method.resolve();
      return {
        name: method.name,
        inputType: `.${nameOf(resolvedRequestType)}`,
        outputType: `.${nameOf(resolvedResponseType)}`,
        clientStreaming: method.requestStream ?? false,
        serverStreaming: method.responseStream ?? false,
      };
    }),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
