/** Every kind by its name. */
import type { EntryKind } from '../entry.js';
import { functionJs, processJs, workflowJs } from './js.js';
import type { Kind } from './kind.js';
import { functionLua, libraryLua, processLua, workflowLua } from './lua.js';
import { processHost, processService, terminalHost } from './process.js';
import { processSupervisor } from './supervisor.js';
import { temporalClient } from './temporal-client.js';
import { temporalWorker } from './temporal-worker.js';

export const kinds: { readonly [K in EntryKind]: Kind } = {
  'process.host': processHost,
  'terminal.host': terminalHost,
  'process.lua': processLua,
  'process.js': processJs,
  'function.lua': functionLua,
  'function.js': functionJs,
  'workflow.lua': workflowLua,
  'workflow.js': workflowJs,
  'library.lua': libraryLua,
  'temporal.client': temporalClient,
  'temporal.worker': temporalWorker,
  'process.service': processService,
  'process.supervisor': processSupervisor,
};

export const KIND_NAMES = Object.keys(kinds) as readonly EntryKind[];

export function isEntryKind(name: string): name is EntryKind {
  return Object.hasOwn(kinds, name);
}
