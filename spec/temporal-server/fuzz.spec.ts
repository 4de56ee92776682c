import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { methodsOf } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

/** What the protocol's reflection tells of a field. */
interface Field {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly resolvedType: object | null;
  resolve(): Field;
}
interface MessageType {
  readonly name: string;
  readonly fieldsArray: readonly Field[];
}

/** Values of a message, most of them odd: any field may be there, with a value of its type. */
function message(type: MessageType, depth: number): fc.Arbitrary<object> {
  const fields = type.fieldsArray
    .map((field) => field.resolve())
    .filter((field) => depth > 0 || !(field.resolvedType && 'fieldsArray' in field.resolvedType));
  const shape = Object.fromEntries(fields.map((field) => [field.name, valuesOf(field, depth)]));
  return fc.record(shape, { requiredKeys: [] });
}

function valuesOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const one = single(field, depth);
  if (field.map) return fc.dictionary(fc.string({ maxLength: 5 }), one, { maxKeys: 2 });
  return field.repeated ? fc.array(one, { maxLength: 2 }) : one;
}

const NAMES = [
  'default',
  'w',
  'q',
  'nobody',
  '',
  'constructor',
  '__proto__',
  '\u0000',
  'x'.repeat(1001),
  '🙂',
];

function single({ type, resolvedType }: Field, depth: number): fc.Arbitrary<unknown> {
  if (resolvedType && 'fieldsArray' in resolvedType)
    return message(resolvedType as unknown as MessageType, depth - 1);
  if (resolvedType) return fc.integer({ min: -1, max: 12 });
  switch (type) {
    case 'string':
      return fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 8 }));
    case 'bytes':
      return fc.oneof(
        fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(text)),
        forged.map((token) => Buffer.from(JSON.stringify(token))),
      );
    case 'bool':
      return fc.boolean();
    case 'double':
    case 'float':
      return fc.double();
    default:
      return fc.oneof(fc.integer({ min: -2, max: 9 }), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
  }
}

/** Tokens of the right form that nobody was given. */
const forged = fc.record({
  kind: fc.constantFrom('workflow', 'activity', 'query'),
  workflowId: fc.constantFrom('w', '', 5, null),
  runId: fc.constantFrom('', 'x', 7, {}),
  stamp: fc.constantFrom(1, -1, '1', null),
  scheduledEventId: fc.constantFrom(1, 'x', null, 1e9),
  startedEventId: fc.constantFrom(3, {}, null),
  attempt: fc.constantFrom(1, 'x', undefined),
  queryId: fc.constantFrom('x', null),
  next: fc.constantFrom(1, -5, 1e12, 'x', null),
  until: fc.constantFrom(1, 'x', undefined),
  sortedBy: fc.constantFrom([], 'x', [1], undefined),
  startedAtMs: fc.constantFrom(0, 'x', null),
  closedAtMs: fc.constantFrom(0, 'x', null),
});

const SERVICES = [
  'temporal.api.workflowservice.v1.WorkflowService',
  'temporal.api.operatorservice.v1.OperatorService',
  'grpc.health.v1.Health',
];

describe('any request', () => {
  let server: TemporalServer;
  const clients = new Map<string, RawClient>();
  const defects: unknown[] = [];

  beforeAll(async () => {
    server = await startTemporalServer({
      port: 0,
      onEvent: (event) => void (event.kind === 'defect' && defects.push(event)),
    });
    for (const service of SERVICES) clients.set(service, rawClient(server.address, service));
    const client = clients.get(SERVICES[0] ?? '') as RawClient;
    await client.call('StartWorkflowExecution', {
      namespace: 'default',
      workflowId: 'w',
      workflowType: { name: 't' },
      taskQueue: { name: 'q' },
    });
  });

  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await server.close();
  });

  /** The namespace, where a request was to delete it. */
  const registerAgain = () =>
    (clients.get(SERVICES[0] ?? '') as RawClient)
      .call('RegisterNamespace', {
        namespace: 'default',
        workflowExecutionRetentionPeriod: { seconds: 86_400 },
      })
      .catch((error: { code: number }) => expect(error.code).toBe(status.ALREADY_EXISTS));

  const methods = SERVICES.flatMap((service) =>
    methodsOf(service).map((shape): [string, string, MessageType] => {
      const reflected = (proto as unknown as Reflection).lookupService(service);
      const type = reflected.methods[shape.name]?.resolve().resolvedRequestType as MessageType;
      return [shape.name, service, type];
    }),
  );

  it.each(methods)(
    'is answered, and is no defect of the server: %s',
    async (name, service, type) => {
      const client = clients.get(service) as RawClient;
      await fc.assert(
        fc.asyncProperty(message(type, 3), fc.boolean(), async (request, known) => {
          const whole = known ? { ...request, namespace: 'default' } : request;
          try {
            await client.call(name, whole, 60);
          } catch (error) {
            const { code, details } = error as { code: number; details: string };
            // A namespace that is not there has an answer too, so only what is no answer counts.
            const answered = code !== status.INTERNAL && code !== status.UNKNOWN;
            if (!answered) throw new Error(`${name}: ${status[code]} ${details}`);
          }
          if (name === 'DeleteNamespace') await registerAgain();
          expect(defects.splice(0)).toEqual([]);
        }),
        { numRuns: 15 },
      );
    },
  );

  it('leaves a server that still works', async () => {
    const runs = new ByHand(clients.get(SERVICES[0] ?? '') as RawClient, 'after');
    // Not described: its namespace may keep closed runs for no time at all by now.
    await runs.startWith(commands.complete);
  });
});

interface Reflection {
  lookupService(name: string): {
    readonly methods: {
      readonly [name: string]: { resolve(): { readonly resolvedRequestType: object } };
    };
  };
}
