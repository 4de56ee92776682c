/** A bare gRPC client of one service: what is sent and received is up to the spec. */
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { methodsOf } from '../../../src/temporal-server/proto.js';

export interface RawCall {
  readonly answer: Promise<Record<string, unknown>>;
  cancel(): void;
}

export interface RawClient {
  /** @param withinMs - the deadline it tells the server, from now; none by default */
  call(method: string, request: object, withinMs?: number): Promise<Record<string, unknown>>;
  /** The same, so that it can be cancelled. */
  begin(method: string, request: object, withinMs?: number): RawCall;
  close(): void;
}

export function rawClient(
  address: string,
  service = 'temporal.api.workflowservice.v1.WorkflowService',
): RawClient {
  const client = new Client(address, credentials.createInsecure());
  const shapes = new Map(methodsOf(service).map((shape) => [shape.name, shape]));
  const begin = (method: string, request: object, withinMs?: number): RawCall => {
    const shape = shapes.get(method);
    if (!shape) throw new Error(`${service} has no method ${method}`);
    let cancel = () => {};
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        shape.path,
        (message: object) => Buffer.from(shape.request.encode(message).finish()),
        (bytes: Buffer) => shape.response.decode(bytes) as Record<string, unknown>,
        request,
        withinMs === undefined ? {} : { deadline: Date.now() + withinMs },
        (error: ServiceError | null, response) =>
          error || !response ? reject(error) : resolve(response),
      );
      cancel = () => call.cancel();
    });
    answer.catch(() => {}); // a cancelled call may have nobody waiting for it
    return { answer, cancel: () => cancel() };
  };
  return {
    begin,
    call: (method, request, withinMs) => begin(method, request, withinMs).answer,
    close: () => client.close(),
  };
}
