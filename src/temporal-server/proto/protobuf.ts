/**
 * protobufjs: the one that `@temporalio/proto` brings along, so that definitions and their reader
 * fit. The packed server has it in itself, in place of this module (scripts/bundle-server.js).
 */
import { createRequire } from 'node:module';
import type { Definition } from './definitions.js';

/** The part of protobufjs that is used. */
export interface Protobuf {
  readonly Root: { new (): ProtobufRoot; fromJSON(json: Definition): ProtobufRoot };
  readonly Type: Kind;
  readonly Enum: Kind;
  readonly Service: Kind;
}

interface Kind {
  fromJSON(name: string, json: Definition): object;
}

export interface ProtobufRoot {
  define(path: string): { add(object: object): void };
  resolveAll(): void;
  lookupType(name: string): MessageType;
  lookupService(name: string): object;
}

export interface MessageType {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: { readonly longs: typeof Number }): unknown;
}

export function loadProtobuf(): Protobuf {
  const require = createRequire(import.meta.url);
  const requireThere = createRequire(require.resolve('@temporalio/proto'));
  return requireThere('protobufjs/light') as Protobuf;
}
