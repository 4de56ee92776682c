/** What a rule looks at: one source, read and resolved, in its app. */
import { type AppFacts, isGlobal, type Role, type Source } from './facts.js';
import type { Remark, Severity } from './finding.js';
import { originOf, requiredName } from './origin.js';
import type { GlobalUse, Names } from './scopes.js';
import type { Expression } from './syntax.js';

export interface Rule {
  readonly name: string;
  readonly severity: Severity;
  /** What is wrong with the source, by this rule. Pure. */
  readonly check: (subject: Subject) => readonly Remark[];
}

export class Subject {
  constructor(
    readonly app: AppFacts,
    readonly source: Source,
    readonly names: Names,
    /** Globals, and fields of libraries, that this source or those it shares them with assign to. */
    readonly assigned: ReadonlySet<string>,
  ) {}

  /** What an expression surely is, such as `time.sleep`; see `originOf`. */
  origin(node: Expression): string | null {
    return originOf(node, this.names, (name) => this.isLibrary(name));
  }

  /**
   * A role in which code is wrong, where that is certain: outside of functions code runs in every role of its
   * source, inside of one perhaps in some of them only, so there it must be wrong in all.
   */
  wrongIn(topLevel: boolean, isWrong: (role: Role) => boolean): Role | undefined {
    const { roles } = this.source;
    const wrong = roles.filter(isWrong);
    return topLevel || wrong.length === roles.length ? wrong[0] : undefined;
  }

  /** Reads of globals that nothing defines, each with a role in which it is nil. */
  undefinedGlobals(): readonly { readonly use: GlobalUse; readonly role: Role }[] {
    const { globals } = this.names;
    // With an environment of the program's own, no name can be told from another.
    if (globals.some(({ name }) => name === '_ENV')) return [];
    return globals.flatMap((use) => {
      if (use.written || this.assigned.has(use.name)) return [];
      const role = this.wrongIn(
        use.topLevel,
        (each) => !isGlobal(this.app.language, each, use.name),
      );
      return role === undefined ? [] : [{ use, role }];
    });
  }

  /** Calls of `require` with a name that stands there. */
  requires() {
    return this.names.calls.flatMap(({ node, at, topLevel }) => {
      const name = requiredName(node);
      const isRequire = node.base.type === 'Identifier' && !this.names.localOf(node.base);
      return name === null || !isRequire ? [] : [{ name, at, topLevel }];
    });
  }

  private isLibrary(name: string): boolean {
    return (
      this.app.language.fields.has(name) &&
      !this.assigned.has(name) &&
      !this.source.roles.some(({ imports }) => imports.includes(name))
    );
  }
}

/** What is assigned to in a source: names of globals, and `library.field`. */
export function assignedIn(names: Names): string[] {
  const globals = names.globals.filter(({ written }) => written).map(({ name }) => name);
  const fields = names.fields.flatMap(({ node: { base, identifier }, written }) => {
    if (!written || base.type !== 'Identifier' || names.localOf(base) !== undefined) return [];
    return base.name === '_G' ? [identifier.name] : [`${base.name}.${identifier.name}`];
  });
  return [...globals, ...fields];
}
