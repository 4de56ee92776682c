import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { definitionsOfPackage } from '../../src/temporal-server/proto/definitions.js';
import { LazyRoot } from '../../src/temporal-server/proto/lazy-root.js';
import { enums, methodsOf } from '../../src/temporal-server/proto.js';

interface PackagedField {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly resolvedType: PackagedType | null;
  resolve(): PackagedField;
}
interface PackagedType {
  readonly fieldsArray: readonly PackagedField[];
  readonly valuesById?: object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

const require = createRequire(import.meta.url);
const packaged = require('@temporalio/proto') as {
  lookupType(name: string): PackagedType;
  lookup(name: string): object;
};

const SERVICES = [
  'temporal.api.workflowservice.v1.WorkflowService',
  'temporal.api.operatorservice.v1.OperatorService',
  'temporal.api.testservice.v1.TestService',
  'grpc.health.v1.Health',
];

/** A message with something in every field, to a depth. */
function filled(type: PackagedType, depth: number): object {
  const entries = type.fieldsArray.flatMap((field): [string, unknown][] => {
    const one = exampleOf(field.resolve(), depth);
    if (one === undefined) return [];
    if (field.map) return [[field.name, { key: one, '': one }]];
    return [[field.name, field.repeated ? [one, one] : one]];
  });
  return Object.fromEntries(entries);
}

function exampleOf({ type, resolvedType }: PackagedField, depth: number): unknown {
  if (resolvedType?.valuesById) return Number(Object.keys(resolvedType.valuesById).at(-1));
  if (resolvedType) return depth > 0 ? filled(resolvedType, depth - 1) : undefined;
  if (type === 'string') return 'Grüße';
  if (type === 'bytes') return Buffer.from([0, 255]);
  return type === 'bool' ? true : 129;
}

describe('messages made when they are first used', () => {
  it.each(SERVICES)(
    'are on the wire what the package makes of them: %s',
    (service) => {
      const definitions = new LazyRoot().methods(service);
      expect(definitions.length).toBeGreaterThan(0);
      for (const [, { requestType, responseType }] of definitions) {
        for (const name of [requestType, responseType]) {
          const theirs = packaged.lookupType(name);
          const message = filled(theirs, 3);
          const bytes = theirs.encode(message).finish();
          const ours = new LazyRoot().codec<object>(name);
          expect(Buffer.from(ours.encode(message).finish())).toEqual(Buffer.from(bytes));
          const read = JSON.stringify(ours.decode(bytes));
          expect(read).toBe(JSON.stringify(theirs.decode(bytes)));
        }
      }
    },
    60_000,
  );

  it('are the same whatever was used before them', () => {
    const root = new LazyRoot();
    const names = methodNames().reverse();
    for (const name of names) {
      const theirs = packaged.lookupType(name);
      const message = filled(theirs, 2);
      const bytes = root.codec<object>(name).encode(message).finish();
      expect(Buffer.from(bytes)).toEqual(Buffer.from(theirs.encode(message).finish()));
    }
  }, 60_000);

  it('have the package’s enums, by name and by number', () => {
    const { EventType } = enums;
    expect(EventType[EventType.EVENT_TYPE_TIMER_FIRED]).toBe('EVENT_TYPE_TIMER_FIRED');
    const theirs = packaged.lookup('temporal.api.enums.v1') as { [name: string]: object };
    for (const [name, values] of Object.entries(enums))
      expect(values).toEqual(toPlain(theirs[name] ?? {}));
  });

  it('are built from what the package has', () => {
    expect(methodsOf(SERVICES[0] ?? '').length).toBeGreaterThan(80);
    expect(JSON.stringify(definitionsOfPackage())).not.toContain('coresdk');
  });
});

function methodNames(): string[] {
  const all = SERVICES.flatMap((service) => new LazyRoot().methods(service));
  return all.flatMap(([, { requestType, responseType }]) => [requestType, responseType]);
}

/** The package keeps the names by number in the prototype. */
function toPlain(values: object): object {
  const plain: { [key: string]: unknown } = {};
  for (const key in values) plain[key] = values[key as keyof typeof values];
  return plain;
}
