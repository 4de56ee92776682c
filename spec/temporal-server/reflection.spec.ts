import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Descriptors } from '../../src/temporal-server/grpc/descriptors.js';
import { reflection } from '../../src/temporal-server/grpc/reflection.js';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { codec, methodsOf } from '../../src/temporal-server/proto.js';
import { rawClient } from './support/raw.js';

interface File {
  readonly name: string;
  readonly package: string;
  readonly dependency: string[];
  readonly messageType: { readonly name: string; readonly field: { readonly name: string }[] }[];
}
const fileCodec = codec<File>('google.protobuf.FileDescriptorProto');

const WORKFLOW_SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';
const REQUEST = 'temporal.api.workflowservice.v1.StartWorkflowExecutionRequest';

describe('gRPC reflection', () => {
  let server: TemporalServer;
  let client: Client;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0 });
    client = new Client(server.address, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  const [shape] = reflection([WORKFLOW_SERVICE]);

  /** Asks all on one stream. */
  function ask(version: string, ...questions: object[]): Promise<Record<string, unknown>[]> {
    const call = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      (message: object) => Buffer.from(shape?.request.encode(message).finish() ?? []),
      (bytes: Buffer) => shape?.response.decode(bytes) as Record<string, unknown>,
    );
    const answers: Record<string, unknown>[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (answer) => answers.push(answer));
      call.on('error', reject);
      call.on('end', () => resolve(answers));
      for (const question of questions) call.write(question);
      call.end();
    });
  }

  it.each(['v1', 'v1alpha'])('lists the services, in %s', async (version) => {
    const [answer = {}] = await ask(version, { listServices: '' });
    const { service } = answer.listServicesResponse as { service: { name: string }[] };
    expect(service.map(({ name }) => name)).toEqual([
      'grpc.health.v1.Health',
      'perdure.server.v1.ClockService',
      'temporal.api.operatorservice.v1.OperatorService',
      'temporal.api.testservice.v1.TestService',
      WORKFLOW_SERVICE,
    ]);
  });

  it('gives the file of a type with all that it imports, and says what it does not know', async () => {
    const [found = {}, missing, extension, named] = await ask(
      'v1',
      { fileContainingSymbol: REQUEST },
      { fileContainingSymbol: 'nope.Nope' },
      { fileContainingExtension: { containingType: REQUEST, extensionNumber: 1 } },
      { fileByFilename: `${REQUEST}.proto` },
    );
    const { fileDescriptorProto: bytes } = found.fileDescriptorResponse as {
      fileDescriptorProto: Uint8Array[];
    };
    const files = bytes.map((each) => fileCodec.decode(each));
    expect(files[0]).toMatchObject({ package: 'temporal.api.workflowservice.v1' });
    expect(files[0]?.messageType[0]?.field[1]?.name).toBe('workflow_id');
    const names = new Set(files.map(({ name }) => name));
    for (const file of files) for (const name of file.dependency) expect(names).toContain(name);
    expect(missing?.errorResponse).toMatchObject({ errorCode: status.NOT_FOUND });
    expect(extension?.errorResponse).toMatchObject({ errorCode: status.NOT_FOUND });
    expect(named?.fileDescriptorResponse).toEqual(found.fileDescriptorResponse);
  });

  it('ends with a status when it is asked what is no question', async () => {
    const call = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    const ended = new Promise((resolve) => call.on('error', resolve));
    call.on('data', () => {});
    call.write(Buffer.alloc(70_000));
    expect(await ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

describe('the descriptors of the protocol', () => {
  const descriptors = new Descriptors([WORKFLOW_SERVICE]);

  it('are there for every method, and no file imports another in a circle', () => {
    const files = new Map<string, File>();
    for (const bytes of descriptors.ofSymbol(WORKFLOW_SERVICE) ?? []) {
      const file = fileCodec.decode(bytes);
      files.set(file.name, file);
    }
    expect(files.size).toBeGreaterThan(400);
    const done = new Set<string>();
    const visit = (name: string, above: readonly string[]): void => {
      expect(above).not.toContain(name);
      if (done.has(name)) return;
      for (const other of files.get(name)?.dependency ?? []) visit(other, [...above, name]);
      done.add(name);
    };
    for (const name of files.keys()) visit(name, []);
    for (const { name } of methodsOf(WORKFLOW_SERVICE))
      expect(descriptors.ofSymbol(`${WORKFLOW_SERVICE}.${name}`)?.length).toBe(files.size);
  });
});

describe('the health service', () => {
  it('serves the server and its services, and knows no other', async () => {
    const server = await startTemporalServer({ port: 0 });
    const health = rawClient(server.address, 'grpc.health.v1.Health');
    expect(await health.call('Check', {})).toMatchObject({ status: 1 });
    expect(await health.call('Check', { service: WORKFLOW_SERVICE })).toMatchObject({ status: 1 });
    await expect(health.call('Check', { service: 'nobody' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'unknown service',
    });
    health.close();
    await server.close();
  });
});
