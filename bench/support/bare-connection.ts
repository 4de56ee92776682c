/**
 * The least of HTTP/2 that a unary gRPC call takes: frames made and read by hand on one socket. On a machine with
 * two cores a client is a part of what is measured, and node:http2 spends as much on a call as the server does.
 *
 * 1. Headers go out as they are, without tables or Huffman codes; those of answers are not read: a unary call
 *    that succeeds has a message, and one that fails has none.
 * 2. All that is asked for in one turn goes out in one write.
 * 3. The server is given room for whatever it may send; what may be sent to it is kept count of.
 */
import { connect, type Socket } from 'node:net';
import { frame, PREFIX_BYTES } from '../../src/temporal-server/grpc/wire.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEADER_BYTES = 9;
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;

const Kind = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, window: 8 } as const;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;

interface Pending {
  readonly path: string;
  readonly chunks: Buffer[];
  readonly resolve: (message: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class BareConnection {
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #headers = new Map<string, Buffer>();
  readonly #calls = new Map<number, Pending>();
  /** Requests that the server has no room for yet. */
  readonly #waiting: { readonly stream: number; readonly path: string; readonly body: Buffer }[] =
    [];
  #out: Buffer[] = [];
  #in: Buffer = Buffer.alloc(0);
  #lastStream = -1;
  #roomBytes = FIRST_WINDOW;

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.#authority = address;
    this.#socket = connect(Number(port), host);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection is closed')));
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(INITIAL_WINDOW_SIZE);
    settings.writeUInt32BE(LARGEST_WINDOW, 2);
    this.#send(PREFACE, frameOf(Kind.settings, 0, 0, settings));
    this.#send(frameOf(Kind.window, 0, 0, uint32(LARGEST_WINDOW - FIRST_WINDOW)));
  }

  /** @returns the message of the answer. @throws Error where the call fails, without the reason */
  call(path: string, message: Uint8Array): Promise<Buffer> {
    this.#lastStream += 2;
    const stream = this.#lastStream;
    this.#waiting.push({ stream, path, body: frame(message) });
    const answer = new Promise<Buffer>((resolve, reject) => {
      this.#calls.set(stream, { path, chunks: [], resolve, reject });
    });
    this.#sendWaiting();
    return answer;
  }

  close(): void {
    this.#socket.destroy();
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (next.body.length > this.#roomBytes) return;
      this.#waiting.shift();
      this.#roomBytes -= next.body.length;
      this.#send(
        frameOf(Kind.headers, END_HEADERS, next.stream, this.#headersOf(next.path)),
        frameOf(Kind.data, END_STREAM, next.stream, next.body),
      );
    }
  }

  #send(...frames: readonly Buffer[]): void {
    if (this.#out.length === 0) queueMicrotask(() => this.#flush());
    this.#out.push(...frames);
  }

  #flush(): void {
    const all = Buffer.concat(this.#out);
    this.#out = [];
    if (!this.#socket.destroyed) this.#socket.write(all);
  }

  #headersOf(path: string): Buffer {
    const known = this.#headers.get(path);
    if (known) return known;
    const made = Buffer.concat([
      Buffer.from([0x83, 0x86]), // POST, http
      Buffer.from([0x04]),
      text(path),
      Buffer.from([0x01]),
      text(this.#authority),
      ...[
        ['content-type', 'application/grpc'],
        ['te', 'trailers'],
        ['grpc-timeout', '60S'],
      ].flatMap(([name = '', value = '']) => [Buffer.from([0]), text(name), text(value)]),
    ]);
    this.#headers.set(path, made);
    return made;
  }

  #read(chunk: Buffer): void {
    const all = this.#in.length === 0 ? chunk : Buffer.concat([this.#in, chunk]);
    let at = 0;
    while (all.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + all.readUIntBE(at, 3);
      if (all.length < end) break;
      const stream = all.readUInt32BE(at + 5) & LARGEST_WINDOW;
      this.#take(all[at + 3] ?? 0, all[at + 4] ?? 0, stream, all.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#in = all.subarray(at);
  }

  #take(kind: number, flags: number, stream: number, payload: Buffer): void {
    switch (kind) {
      case Kind.data:
        this.#calls.get(stream)?.chunks.push(payload);
        break;
      case Kind.settings:
        if ((flags & ACK) === 0) this.#send(frameOf(Kind.settings, ACK, 0, Buffer.alloc(0)));
        return;
      case Kind.ping:
        if ((flags & ACK) === 0) this.#send(frameOf(Kind.ping, ACK, 0, payload));
        return;
      case Kind.window:
        if (stream === 0) this.#roomBytes += payload.readUInt32BE();
        this.#sendWaiting();
        return;
      case Kind.reset:
        this.#end(stream);
        return;
      case Kind.goAway:
        this.#fail(new Error('the server goes away'));
        return;
    }
    if ((kind === Kind.data || kind === Kind.headers) && (flags & END_STREAM) !== 0)
      this.#end(stream);
  }

  #end(stream: number): void {
    const call = this.#calls.get(stream);
    this.#calls.delete(stream);
    if (!call) return;
    const answer = Buffer.concat(call.chunks);
    if (answer.length >= PREFIX_BYTES) call.resolve(answer.subarray(PREFIX_BYTES));
    else call.reject(new Error(`${call.path} failed: its answer has no message`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

function frameOf(kind: number, flags: number, stream: number, payload: Buffer): Buffer {
  const made = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  made.writeUIntBE(payload.length, 0, 3);
  made[3] = kind;
  made[4] = flags;
  made.writeUInt32BE(stream, 5);
  made.set(payload, HEADER_BYTES);
  return made;
}

/** A string as HPACK has it, shorter than 127 bytes. */
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
