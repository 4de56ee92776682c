/** Servers in front of, or in the place of, a Temporal server: TLS, and credentials that are refused. */
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface SpecServer {
  readonly address: string;
  close(): Promise<void>;
}

/** TLS in front of the server at `target`. */
export async function tlsProxy(target: string, tls: TlsOptions): Promise<SpecServer> {
  const sockets = new Set<Socket>();
  const port = Number(target.slice(target.lastIndexOf(':') + 1));
  const server = createTlsServer({ ...tls, ALPNProtocols: ['h2'] }, (socket) => {
    const behind = connect(port, '127.0.0.1');
    for (const [from, to] of [[socket, behind] as const, [behind, socket] as const]) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  return listening(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

export interface RefusingServer extends SpecServer {
  /** What came as `authorization`. */
  readonly shown: string[];
}

/** Speaks gRPC and answers each call with UNAUTHENTICATED. */
export async function refusingServer(tls?: TlsOptions): Promise<RefusingServer> {
  const shown: string[] = [];
  const sessions = new Set<{ destroy(): void }>();
  const server = tls === undefined ? createHttp2Server() : createSecureServer({ ...tls });
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    shown.push(String(headers.authorization ?? ''));
    const answer = { ':status': 200, 'content-type': 'application/grpc' };
    const refusal = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' };
    stream.on('error', () => {}); // the client may hang up first
    stream.respond({ ...answer, ...refusal }, { endStream: true });
  });
  const base = await listening(server as unknown as Server, () => {
    for (const session of sessions) session.destroy();
  });
  return { ...base, shown };
}

async function listening(server: Server, hangUp: () => void): Promise<SpecServer> {
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        hangUp();
      }),
  };
}
