/**
 * The gRPC edge: bytes in, a handler's answer out, every failure as a gRPC status.
 *
 * Written on `node:http2` itself: a general gRPC server spends more on a call than this whole
 * server does (measured: a stream, an interceptor chain and an asynchronous gunzip a message).
 * Calls are unary, which is all that Temporal's services have; see conversation.ts for the exception.
 *
 * 1. A method of a known service that has no handler answers UNIMPLEMENTED by its name.
 * 2. A handler may answer with a message, or with the message's bytes where it has spliced them.
 * 3. A client that goes (a reset stream, a broken connection) is known to its handler at once.
 * 4. What is refused is answered at once and its stream is closed: the rest of its body is not read.
 *    Only what a handler throws can be a defect, never what a client has sent.
 * 5. Every call is told to `onCall` once, however it ended.
 * 6. Of a stream no more is held than one request and one answer, which goes out as fast as the
 *    client takes it.
 */
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { isServiceError, ServiceError, StatusCode } from '../errors.js';
import { type MethodShape, methodsOf } from '../proto.js';
import { type Call, type CallHost, RunningCall } from './call.js';
import { type Conversation, converse } from './conversation.js';
import { deadlineOf, MessageReader, refusalOf } from './request.js';
import { type Guard, secureOptions, type TlsOptions } from './security.js';
import { frame, statusCodeOf, statusHeaders } from './wire.js';

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
  readonly conversations: readonly Conversation[];
  readonly calls: CallHost;
  /** Without it, plain HTTP/2. */
  readonly tls: TlsOptions | undefined;
  /** Asked before anything of a call is read. */
  readonly guard: Guard;
  /** Told of each call when it is over: its method, gRPC status code and real milliseconds. */
  readonly onCall: (method: string, code: number, tookMs: number) => void;
  /** Told why a connection came to nothing: no certificate, or not TLS at all. */
  readonly onRefused: (why: string) => void;
  /** Told of what a handler threw that was no answer to a client: a defect. */
  readonly onDefect: (method: string, thrown: unknown) => void;
}

export interface Edge {
  readonly port: number;
  /** Lets calls in progress end, for at most `limitMs`, and then cuts the connections. */
  close(limitMs: number): Promise<void>;
}

interface Route {
  readonly shape: MethodShape;
  readonly method: Method;
}

/** Room for a whole message a stream, and for many streams a connection. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const SESSION_WINDOW_BYTES = 16 * 1024 * 1024;
const SESSION_MEMORY_MB = 1024;

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

export async function openEdge(options: EdgeOptions): Promise<Edge> {
  const routes = new Map(options.services.flatMap(routesOf));
  const server = serverOf(options);
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {}); // a broken connection: its streams tell their calls
  });
  server.on('stream', (stream, headers) => receive(stream, headers, routes, options));
  const port = await listen(server, options.host, options.port);
  return { port, close: (limitMs) => close(server, sessions, sockets, limitMs) };
}

type AnyServer = Http2Server | Http2SecureServer;

function serverOf({ tls, onRefused }: EdgeOptions): AnyServer {
  const common = {
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: {
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxConcurrentStreams: 2 ** 31 - 1,
    },
  };
  if (!tls) return createServer(common);
  const server = createSecureServer({ ...common, ...secureOptions(tls) });
  server.on('tlsClientError', (error) => onRefused(error.message));
  return server;
}

function listen(server: AnyServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function close(
  server: AnyServer,
  sessions: ReadonlySet<ServerHttp2Session>,
  sockets: ReadonlySet<Socket>,
  limitMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy(); // still shaking hands
    }, limitMs);
    server.close(() => {
      clearTimeout(limit);
      resolve();
    });
    for (const session of sessions) session.close();
  });
}

function routesOf(service: Service): [string, Route][] {
  return methodsOf(service.name).map((shape) => {
    const method = service.methods[shape.name] ?? unimplemented(service.name, shape.name);
    return [shape.path, { shape, method }];
  });
}

function unimplemented(service: string, method: string): Method {
  return () => {
    throw new ServiceError(
      StatusCode.UNIMPLEMENTED,
      `${method} of ${service} is not implemented by this embedded server`,
    );
  };
}

/** Collects a request, and serves it once it is whole. */
function receive(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  routes: ReadonlyMap<string, Route>,
  options: EdgeOptions,
): void {
  const path = String(headers[':path']);
  const route = routes.get(path);
  const conversation = options.conversations.find((each) => each.path === path);
  const done = onceOver(route?.shape.name ?? 'unknown', options);
  const refusal = refusalOf(headers);
  const denied = refusal?.error ?? options.guard(headers);
  if (!denied && conversation) {
    converse(stream, conversation, done);
    return;
  }
  if (denied || !route) {
    stream.on('error', () => {}); // it is over in any case
    const error = denied ?? unknownPath(path, options.services);
    refuse(stream, error, refusal?.httpStatus);
    done(error.code);
    return;
  }
  const call = new RunningCall(options.calls, route.shape.name, deadlineOf(headers));
  const reader = new MessageReader();
  let phase: 'reading' | 'refused' | 'served' = 'reading';
  stream.on('error', () => call.lose());
  stream.on('data', (chunk: Buffer) => {
    if (phase !== 'reading') return;
    try {
      reader.take(chunk);
    } catch (thrown) {
      phase = 'refused';
      refuse(stream, thrown);
      done(statusCodeOf(thrown));
    }
  });
  stream.on('close', () => {
    call.lose();
    if (phase !== 'served') call.end(); // reset or refused before its request was whole
    done(StatusCode.CANCELLED);
  });
  stream.on('end', () => {
    if (phase !== 'reading') return;
    phase = 'served';
    void serve(stream, () => decode(reader, headers, route.shape), route, call, options, done);
  });
}

/** Told how a call ended, by whatever ends it first. */
type Done = (code: number) => void;

function onceOver(method: string, { onCall }: EdgeOptions): Done {
  const beganMs = performance.now();
  let over = false;
  return (code) => {
    if (over) return;
    over = true;
    onCall(method, code, performance.now() - beganMs);
  };
}

function unknownPath(path: string, services: readonly Service[]): ServiceError {
  const [, service, method] = /^\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const known = services.some(({ name }) => name === service);
  const what = !service
    ? `malformed method name: "${path}"`
    : known
      ? `unknown method ${method} for service ${service}`
      : `unknown service ${service}`;
  return new ServiceError(StatusCode.UNIMPLEMENTED, what);
}

/** Answers with a status alone, and has the client send no more. */
function refuse(stream: ServerHttp2Stream, thrown: unknown, httpStatus = 200): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const headers = { ...HEADERS, ':status': httpStatus, ...statusHeaders(thrown) };
  stream.respond(headers, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function decode(reader: MessageReader, headers: IncomingHttpHeaders, shape: MethodShape): unknown {
  const message = reader.message(headers);
  try {
    return shape.request.decode(message);
  } catch (error) {
    throw new ServiceError(
      StatusCode.INTERNAL,
      `grpc: error unmarshalling request: ${(error as Error).message}`,
    );
  }
}

async function serve(
  stream: ServerHttp2Stream,
  requestOf: () => unknown,
  { shape, method }: Route,
  call: RunningCall,
  options: EdgeOptions,
  done: Done,
): Promise<void> {
  try {
    const request = requestOf();
    const answer = await (method as (request: unknown, call: Call) => unknown)(request, call);
    const bytes = answer instanceof Uint8Array ? answer : shape.response.encode(answer).finish();
    if (stream.destroyed || stream.closed) return;
    respond(stream, bytes);
    done(0);
  } catch (thrown) {
    done(statusCodeOf(thrown));
    if (!stream.destroyed && !stream.closed && !stream.headersSent)
      stream.respond({ ...HEADERS, ...statusHeaders(thrown) }, { endStream: true });
    if (!isServiceError(thrown)) options.onDefect(shape.name, thrown);
  } finally {
    call.end();
  }
}

function respond(stream: ServerHttp2Stream, bytes: Uint8Array): void {
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frame(bytes));
}
