/** Flags that a program sets for its own process (`process.set_options`). */
export interface ProcessFlags {
  /** Failures of linked processes arrive as LINK_DOWN events instead of ending this one. */
  readonly trapLinks: boolean;
  /** The program wants OUTDATED when it should go on as a new run (docs/semantics.md, rule 10). */
  readonly upgradable: boolean;
}

export const DEFAULT_FLAGS: ProcessFlags = Object.freeze({ trapLinks: false, upgradable: false });
