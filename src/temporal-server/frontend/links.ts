/** Links and callbacks of requests: what is wrong with them, in Temporal's words. */
import { invalid, ServiceError, StatusCode } from '../errors.js';
import { codec, type temporal } from '../proto.js';

type Link = temporal.api.common.v1.ILink;
type Callback = temporal.api.common.v1.ICallback;

const MAX_LINKS = 10;
const MAX_LINK_BYTES = 4000;
const MAX_CALLBACKS = 32;
const MAX_URL_LENGTH = 1000;

const linkCodec = codec<Link>('temporal.api.common.v1.Link');

export function checkLinks(links: readonly Link[]): void {
  if (links.length > MAX_LINKS)
    throw invalid(`cannot attach more than ${MAX_LINKS} links per request, got ${links.length}`);
  for (const link of links) {
    const size = linkCodec.encode(link).finish().length;
    if (size > MAX_LINK_BYTES)
      throw invalid(`link exceeds allowed size of ${MAX_LINK_BYTES}, got ${size}`);
    checkLink(link);
  }
}

function checkLink({ workflowEvent, batchJob }: Link): void {
  if (workflowEvent) {
    const { namespace, workflowId, runId, eventRef } = workflowEvent;
    for (const [name, value] of [
      ['namespace', namespace],
      ['workflow ID', workflowId],
      ['run ID', runId],
    ])
      if (!value) throw invalid(`workflow event link must not have an empty ${name} field`);
    if (eventRef && !eventRef.eventType && Number(eventRef.eventId ?? 0) !== 0)
      throw invalid(
        'workflow event link ref cannot have an unspecified event type and a non-zero event ID',
      );
  } else if (!batchJob) throw invalid('unsupported link variant');
  else if (!batchJob.jobId) throw invalid('batch job link must not have an empty job ID');
}

/** None can be called: as on a Temporal server where no address is configured for callbacks. */
export function checkCallbacks(callbacks: readonly Callback[]): void {
  if (callbacks.length > MAX_CALLBACKS)
    throw invalid(`cannot attach more than ${MAX_CALLBACKS} callbacks to a workflow`);
  for (const { nexus } of callbacks) {
    if (!nexus) throw new ServiceError(StatusCode.UNIMPLEMENTED, 'unknown callback variant: <nil>');
    const url = nexus.url ?? '';
    if (url.length > MAX_URL_LENGTH)
      throw invalid(`invalid url: url length longer than max length allowed of ${MAX_URL_LENGTH}`);
    if (!/^https?:/i.test(url)) throw invalid(`invalid url: unknown scheme: ${url}`);
    throw invalid(`invalid url: url does not match any configured callback address: ${url}`);
  }
}
