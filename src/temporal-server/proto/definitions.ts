/**
 * Temporal's message definitions as plain data: those of `@temporalio/proto` that a server needs.
 *
 * That package builds every definition it has when it is loaded, which takes longer than all else
 * that a server does to start. The build writes the data to `dist/temporal-protos.json` instead, and
 * lazy-root.ts makes of it what is used, when it is used. Source that was not built takes the data
 * from the package itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A node of the tree of names, in the form of protobufjs' `toJSON`. */
export interface Definition {
  readonly nested?: { readonly [name: string]: Definition };
  /** Of a message. */
  readonly fields?: { readonly [name: string]: Field };
  /** Of an enum. */
  readonly values?: { readonly [name: string]: number };
  /** Of a service. */
  readonly methods?: { readonly [name: string]: MethodDefinition };
}

export interface Field {
  /** A scalar, or another definition by its name. */
  readonly type: string;
  readonly id: number;
}

export interface MethodDefinition {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

/** Beside the folder of compiled code. */
export const builtDefinitionsPath = fileURLToPath(
  new URL('../../../temporal-protos.json', import.meta.url),
);

export function loadDefinitions(): Definition {
  if (!existsSync(builtDefinitionsPath)) return definitionsOfPackage();
  return JSON.parse(readFileSync(builtDefinitionsPath, 'utf8')) as Definition;
}

/** All that the package has, but for what SDKs and Temporal Cloud speak among themselves. */
export function definitionsOfPackage(): Definition {
  const require = createRequire(import.meta.url);
  const whole = require('@temporalio/proto').toJSON() as Definition;
  const api = whole.nested?.temporal?.nested?.api?.nested;
  const { coresdk: _, ...nested } = whole.nested ?? {};
  return JSON.parse(
    JSON.stringify({ nested }, (key, value) =>
      ONLY_DOCUMENTATION.has(key) || value === api?.cloud ? undefined : value,
    ),
  ) as Definition;
}

const ONLY_DOCUMENTATION: ReadonlySet<string> = new Set(['parsedOptions', 'protoName']);
