/** Services of this server that Temporal has not, in the form of the other definitions. */
import type { Definition } from './definitions.js';

export const CLOCK_SERVICE = 'perdure.server.v1.ClockService';

/** By full names. */
export const ownDefinitions: { readonly [name: string]: Definition } = {
  [CLOCK_SERVICE]: {
    methods: {
      MoveAhead: { requestType: 'MoveAheadRequest', responseType: 'MoveAheadResponse' },
    },
  },
  'perdure.server.v1.MoveAheadRequest': {
    fields: {
      namespace: { type: 'string', id: 1 },
      execution: { type: 'temporal.api.common.v1.WorkflowExecution', id: 2 },
      by: { type: 'google.protobuf.Duration', id: 3 },
    },
  },
  'perdure.server.v1.MoveAheadResponse': {
    fields: {
      now: { type: 'google.protobuf.Timestamp', id: 1 },
      moved: { type: 'int32', id: 2 },
    },
  },
};
