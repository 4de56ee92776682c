import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { connectTemporal } from '../../../src/hosts/temporal/index.js';
import { startTemporalServer } from '../../../src/temporal-server/index.js';
import { testServer } from '../../support/temporal-world.js';

describe('connecting to a Temporal server', () => {
  it('says that nobody listens at the address, after it has tried for as long as it was told', async () => {
    const options = { address: '127.0.0.1:1', connectionTimeoutMs: 250 };
    await expect(connectTemporal(options)).rejects.toMatchObject({
      kind: 'UNAVAILABLE',
      message: expect.stringMatching(/127\.0\.0\.1:1.*nobody listens.*250ms/),
    });
  });

  it('says that what listens there is no Temporal server', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {}); // the other side hangs up when it has seen enough
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const options = { address: `127.0.0.1:${port}`, connectionTimeoutMs: 400 };
    await expect(connectTemporal(options)).rejects.toMatchObject({
      kind: 'UNAVAILABLE',
      message: expect.stringContaining('something listens there'),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('connects to a server that comes up while it tries', async () => {
    const server = await testServer();
    const client = await connectTemporal({ address: server.address });
    expect(client.namespace).toBe('default');
    await client.close();
    await server.close();
  });

  it('says that the namespace is not there', async () => {
    const server = await testServer();
    const options = { address: server.address, namespace: 'nowhere' };
    await expect(connectTemporal(options)).rejects.toMatchObject({
      kind: 'NOT_FOUND',
      message: expect.stringContaining('nowhere'),
    });
    await server.close();
  });

  it('fails a call that waits for its next attempt when the client is closed', async () => {
    const server = await startTemporalServer({ port: 0 });
    const client = await connectTemporal({ address: server.address });
    await server.close();
    const call = client.client.workflow.getHandle('somebody').describe();
    await Promise.all([client.close(), expect(call).rejects.toThrow()]);
  });
});
