/** The page that Prometheus reads: `/metrics` over plain HTTP, for this machine alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METRICS_TYPE } from './text.js';

export interface MetricsEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/** @param render - what the page says, made anew for each request */
export async function openMetrics(
  host: string,
  port: number,
  render: () => string,
): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('there is only /metrics\n');
      return;
    }
    response.writeHead(200, { 'content-type': METRICS_TYPE }).end(render());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
