import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { expect, it } from '@jest/globals';
import { startTemporalServer } from '../../src/temporal-server/index.js';
import { methodsOf } from '../../src/temporal-server/proto.js';
import { rawClient } from './support/raw.js';

const SERVICES = [
  'temporal.api.workflowservice.v1.WorkflowService',
  'temporal.api.operatorservice.v1.OperatorService',
];

/** The calls that the documentation says are absent. */
function documentedAsAbsent(): string[] {
  const text = readFileSync(new URL('../../docs/server.md', import.meta.url), 'utf8');
  const [, list = ''] = /<!-- absent calls[^>]*-->([\s\S]*?)<!-- end -->/.exec(text) ?? [];
  return list
    .split(/\n- [^:]*:/)
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

it('the calls that docs/server.md names as absent are, by their names, and no others', async () => {
  const server = await startTemporalServer({ port: 0 });
  const absent: string[] = [];
  for (const service of SERVICES) {
    const client = rawClient(server.address, service);
    for (const { name } of methodsOf(service)) {
      const error = await client.call(name, {}, 2000).catch((thrown) => thrown);
      if (error.code !== status.UNIMPLEMENTED) continue;
      absent.push(name);
      expect(error.details).toBe(
        `${name} of ${service} is not implemented by this embedded server`,
      );
    }
    client.close();
  }
  await server.close();
  expect(documentedAsAbsent().sort()).toEqual(absent.sort());
});
