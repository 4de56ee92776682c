/**
 * What rules know besides the text they look at: the app's entries, and the words of the language. Plain
 * data, made by the composition root; a rule is a function of these and a syntax tree, and of nothing else.
 */

/** Where code runs. */
export type Use = 'local' | 'function' | 'workflow';

/** One way in which a source runs. A file that several entries name, or a library, has several. */
export interface Role {
  /** The entry that the source belongs to. */
  readonly entry: string;
  readonly use: Use;
  /** Its `modules:`; `null` where there is no such list. */
  readonly modules: readonly string[] | null;
  /** Names under which it requires libraries. */
  readonly imports: readonly string[];
}

/** A Lua text of the app. */
export interface Source {
  /** Relative to the app folder. */
  readonly file: string;
  /** Plain Lua: where types were, there are blanks. */
  readonly text: string;
  /** Columns that the text is indented by in its file, where it stands in YAML. */
  readonly indent: number;
  readonly roles: readonly Role[];
  /** True where it shares its globals with others: it imports, or is imported. */
  readonly shared: boolean;
  /** Why it does not compile; `null` where it does. The column is known where a type is at fault. */
  readonly broken: {
    readonly line: number;
    readonly column: number | null;
    readonly message: string;
  } | null;
}

export interface Entry {
  readonly kind: string;
  /** True where a workflow may call it. */
  readonly activity: boolean;
}

export interface ModuleWords {
  /** When it may be required without being listed; see `ModuleAccess`. */
  readonly access: 'builtin' | 'safe' | 'listed';
  readonly uses: readonly Use[];
}

/** The words that programs find. */
export interface Language {
  /** Global functions and values. */
  readonly globals: ReadonlySet<string>;
  /** The fields of each standard library and module. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  /** Libraries that are always there. */
  readonly libraries: ReadonlySet<string>;
  readonly modules: ReadonlyMap<string, ModuleWords>;
}

export interface AppFacts {
  readonly sources: readonly Source[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** What may be named as a host besides entries: task queues. */
  readonly taskQueues: ReadonlySet<string>;
  readonly language: Language;
}

/** True where code in this role may require the module. */
export function mayRequire({ modules }: Language, role: Role, name: string): boolean {
  const module = modules.get(name);
  if (module === undefined || !module.uses.includes(role.use)) return false;
  if (module.access === 'builtin' || role.modules?.includes(name) === true) return true;
  return role.modules === null && module.access === 'safe';
}

/** True where the name is a global of its own in this role. */
export function isGlobal(language: Language, role: Role, name: string): boolean {
  if (language.globals.has(name) || language.libraries.has(name)) return true;
  if (role.imports.includes(name)) return true;
  const module = language.modules.get(name);
  if (module === undefined || !module.uses.includes(role.use)) return false;
  return module.access === 'builtin' || role.modules?.includes(name) === true;
}
