/**
 * The gRPC edge: bytes in, a handler's answer out, every failure as a gRPC status.
 *
 * A method of a known service that has no handler answers UNIMPLEMENTED by its name. A handler may
 * answer with a message, or with the message's bytes where it has spliced them itself.
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { isServiceError, ServiceError, StatusCode, statusDetails } from '../errors.js';
import { type MethodShape, methodsOf } from '../proto.js';
import { type Call, type CallHost, RunningCall } from './call.js';

/** A handler: takes the decoded request, answers with the response message or its bytes. */
export type Method = (request: never, call: Call) => unknown;

/** Handlers by method name, with a service's full name. */
export interface Service {
  readonly name: string;
  readonly methods: { readonly [method: string]: Method };
}

export interface EdgeOptions {
  readonly host: string;
  readonly port: number;
  readonly services: readonly Service[];
  readonly calls: CallHost;
  /** Told of what a handler threw that was no answer to a client: a defect. */
  readonly onDefect: (method: string, thrown: unknown) => void;
}

export interface Edge {
  readonly port: number;
  /** Lets calls in progress end, for at most `limitMs`, and then cuts the connections. */
  close(limitMs: number): Promise<void>;
}

/** Temporal's own limit for a message. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export async function openEdge(options: EdgeOptions): Promise<Edge> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 2 ** 31 - 1,
  });
  for (const service of options.services) addService(server, service, options);
  const port = await bind(server, options.host, options.port);
  return { port, close: (limitMs) => close(server, limitMs) };
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}

function close(server: Server, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, limitMs);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}

function addService(server: Server, service: Service, options: EdgeOptions): void {
  const definition: { [name: string]: ServiceDefinition[string] } = {};
  const implementation: UntypedServiceImplementation = {};
  for (const shape of methodsOf(service.name)) {
    const method = service.methods[shape.name] ?? unimplemented(service.name, shape.name);
    definition[shape.name] = definitionOf(shape);
    implementation[shape.name] = (
      call: ServerUnaryCall<unknown, unknown>,
      answer: sendUnaryData<unknown>,
    ) => void serve(shape.name, method, call, answer, options);
  }
  server.addService(definition as ServiceDefinition, implementation);
}

function definitionOf(shape: MethodShape): ServiceDefinition[string] {
  return {
    path: shape.path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: unknown) => toBuffer(shape.request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => shape.request.decode(bytes),
    responseSerialize: (message: unknown) =>
      toBuffer(message instanceof Uint8Array ? message : shape.response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => shape.response.decode(bytes),
  };
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unimplemented(service: string, method: string): Method {
  return () => {
    throw new ServiceError(
      StatusCode.UNIMPLEMENTED,
      `${method} of ${service} is not implemented by this embedded server`,
    );
  };
}

async function serve(
  name: string,
  method: Method,
  grpcCall: ServerUnaryCall<unknown, unknown>,
  answer: sendUnaryData<unknown>,
  options: EdgeOptions,
): Promise<void> {
  const call = new RunningCall(options.calls, name, deadlineOf(grpcCall));
  grpcCall.on('cancelled', () => call.lose());
  try {
    answer(
      null,
      await (method as (request: unknown, call: Call) => unknown)(grpcCall.request, call),
    );
  } catch (thrown) {
    if (!isServiceError(thrown)) options.onDefect(name, thrown);
    answer(statusOf(thrown));
  } finally {
    call.end();
  }
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline();
  return typeof deadline === 'number' ? deadline : deadline.getTime();
}

function statusOf(thrown: unknown): { code: number; details: string; metadata?: Metadata } {
  if (!isServiceError(thrown)) {
    return {
      code: StatusCode.INTERNAL,
      details: thrown instanceof Error ? thrown.message : String(thrown),
    };
  }
  const details = statusDetails(thrown);
  if (!details) return { code: thrown.code, details: thrown.message };
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', toBuffer(details));
  return { code: thrown.code, details: thrown.message, metadata };
}
