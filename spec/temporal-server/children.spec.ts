import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTemporalServer, type TemporalServer } from '../../src/temporal-server/index.js';
import { enums } from '../../src/temporal-server/proto.js';
import { ByHand, commands } from './support/by-hand.js';
import { type RawClient, rawClient } from './support/raw.js';

describe('children', () => {
  let server: TemporalServer;
  let client: RawClient;
  let runs: ByHand;

  beforeAll(async () => {
    server = await startTemporalServer({ port: 0 });
    client = rawClient(server.address);
    runs = new ByHand(client, 'children');
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  it.each(['TERMINATE', 'ABANDON', 'REQUEST_CANCEL'] as const)(
    'of a parent that closes in the same task are not started: %s',
    async (policy) => {
      const kid = `kid-${policy}`;
      await runs.startWith(
        {
          commandType: enums.CommandType.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
          startChildWorkflowExecutionCommandAttributes: {
            workflowId: kid,
            workflowType: { name: 'k' },
            parentClosePolicy: enums.ParentClosePolicy[`PARENT_CLOSE_POLICY_${policy}`],
          },
        },
        commands.complete,
      );
      await expect(runs.status(kid)).rejects.toMatchObject({ code: status.NOT_FOUND });
    },
  );
});
