/** Histories as JSON: what `temporal workflow show --output json` prints and the web UI exports. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import proto from '@temporalio/proto';
import { ErrorKind, PerdureError } from '../../../core/errors.js';
import type { History } from './replay.js';

interface ProtoJson {
  fromJson(type: unknown, json: unknown, options: { ignoreUnknownFields: boolean }): History;
}

/**
 * The SDK has a function for this, which fails where an installation has protobufjs more than once: reader
 * and types must be of the same copy, the one that the types were made with.
 */
function fromJson(json: unknown): History {
  const ofProto = createRequire(createRequire(import.meta.url).resolve('@temporalio/proto'));
  const { fromJson: read } = ofProto('protobufjs/ext/protojson') as ProtoJson;
  const root = proto as unknown as { lookupType(name: string): unknown };
  const type = root.lookupType('temporal.api.history.v1.History');
  return read(type, json, { ignoreUnknownFields: true });
}

/** @throws PerdureError NOT_FOUND, or INVALID where the file holds no history. */
export async function readHistoryFile(file: string): Promise<History> {
  const parsed = parse(file, await text(file));
  // Older exports are the bare list.
  const json = Array.isArray(parsed) ? { events: parsed } : parsed;
  const events = (json as { events?: unknown } | null)?.events;
  if (!Array.isArray(events) || events.length === 0) throw noHistory(file, 'it has no "events"');
  let history: History;
  try {
    history = fromJson(json);
  } catch (thrown) {
    throw noHistory(file, thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (history.events?.[0]?.workflowExecutionStartedEventAttributes == null) {
    throw noHistory(file, 'its first event is no WorkflowExecutionStarted');
  }
  return history;
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new PerdureError(ErrorKind.NOT_FOUND, `no such file: ${file}`);
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PerdureError(ErrorKind.INVALID, `${file}: ${why}`);
  }
}

function parse(file: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (thrown) {
    throw noHistory(file, `not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function noHistory(file: string, why: string): PerdureError {
  return new PerdureError(
    ErrorKind.INVALID,
    `${file} holds no history: ${why}. Expected what \`temporal workflow show --output json\` prints`,
  );
}
