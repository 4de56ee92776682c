/** What waits in a task queue. */
import type { QueueName } from '../matching.js';
import type { PendingQuery } from './queries.js';
import type { Run } from './run.js';

export type Task =
  | {
      readonly kind: 'workflow';
      readonly run: Run;
      readonly stamp: number;
      readonly queue: QueueName;
    }
  | {
      readonly kind: 'activity';
      readonly run: Run;
      readonly scheduledEventId: number;
      readonly stamp: number;
      readonly queue: QueueName;
    }
  | {
      readonly kind: 'query';
      readonly run: Run;
      readonly query: PendingQuery;
      readonly route: number;
      readonly queue: QueueName;
    };
