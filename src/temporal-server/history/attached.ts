/**
 * What a start leaves with a run that it uses instead of one of its own (`on_conflict_options`): its request id, by
 * which it is known when it is repeated, and links.
 */
import type { temporal } from '../proto.js';
import type { Draft } from './draft.js';

export interface AttachedRequest {
  readonly requestId: string;
  /** Undefined while the event waits for the workflow task that is started. */
  readonly eventId: number | undefined;
}

/** What is to be left; both may be empty, and an event tells of it all the same. */
export interface Attachment {
  readonly requestId: string;
  readonly links: temporal.api.common.v1.ILink[];
}

export function attach(d: Draft, { requestId, links }: Attachment): void {
  const attributes = requestId ? { attachedRequestId: requestId } : {};
  const eventId = d.appendOrBuffer('workflowExecutionOptionsUpdated', attributes, { links });
  noteAttached(d, requestId, eventId > 0 ? eventId : undefined);
}

/** The event that tells of the request is known, or has got its id. */
export function noteAttached(d: Draft, requestId: string, eventId: number | undefined): void {
  if (!requestId) return;
  const others = (d.info.attachedRequests ?? []).filter((each) => each.requestId !== requestId);
  d.info.attachedRequests = [...others, { requestId, eventId }];
}
