/**
 * The engine port: a Lua virtual machine that runs programs for the kernel. One engine serves many
 * processes (one a local host, one a workflow); what one process does to its globals, to library
 * tables or to the string metatable is never seen by another.
 */
import type { Kernel } from '../kernel/kernel.js';
import type { Program } from '../kernel/program.js';
import type { Use } from './module.js';

/** Lua source, as an entry declares it. */
export interface LuaSource {
  /** Entry id, `app:order_workflow`. */
  readonly entry: string;
  /** File name for messages, `order_workflow.lua`; the entry's file relative to the app. */
  readonly file: string;
  readonly text: string;
  /** sha256 of the text, in hex; compiled code is cached under it. */
  readonly hash: string;
  /** Function to run out of the returned table; a source may return the function itself. */
  readonly method: string;
  /** The `modules:` list; `null` where the entry has none. */
  readonly modules: readonly string[] | null;
  /** Libraries by the name they are required under. */
  readonly imports: { readonly [alias: string]: LuaSource };
}

/**
 * VM instructions that a program may take before it fails with INTERNAL. Its owner renews it whenever the
 * program may go on for as long again.
 */
export class Budget {
  used = 0;

  /** @param limit instructions; the work of library functions counts too */
  constructor(readonly limit: number) {}

  renew(): void {
    this.used = 0;
  }
}

export interface OpenOptions {
  readonly source: LuaSource;
  readonly use: Use;
  readonly kernel: Kernel;
  /** VM instructions that the program may take; `null`: no limit. */
  readonly budget: Budget | null;
  /**
   * VM instructions after which the process gives up its turn to others, and goes on at its next one;
   * `null`: never, as in a workflow, where a turn must not depend on how long it is.
   */
  readonly slice: number | null;
}

export interface Engine {
  /**
   * Compiles a source and its imports, so that mistakes show at start.
   * @throws PerdureError INVALID with `details.file` and `details.line` for a syntax error.
   */
  check(source: LuaSource): void;
  /** A program with globals of its own. `main` is looked up at its first turn. */
  open(options: OpenOptions): Program;
}
