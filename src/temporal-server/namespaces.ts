/**
 * Namespaces and their search attributes.
 *
 * 1. Changes are stored one after the other, each a change of what the one before has made: none that was
 *    acknowledged is lost to another.
 * 2. A namespace ends once: who asks for that while it goes waits for the same end.
 */
import { invalid, namespaceNotFound, ServiceError, StatusCode } from './errors.js';
import { isTooLong } from './history/ids.js';
import { enums, type PayloadMap } from './proto.js';
import type { Store } from './store.js';
import { SearchAttributeType, systemAttributes } from './visibility/attributes.js';

export interface Namespace {
  readonly name: string;
  readonly id: string;
  readonly description: string;
  readonly ownerEmail: string;
  readonly data: { readonly [key: string]: string };
  readonly retentionMs: number;
  /** No client starts anything in it any more; all else goes on. */
  readonly isDeprecated?: boolean;
  /** On its way out: nobody finds it any more, and what is in it goes. */
  readonly isDeleted?: boolean;
  /** Registered by users. */
  readonly searchAttributes: ReadonlyMap<string, SearchAttributeType>;
}

const DEFAULT_RETENTION_MS = 24 * 3_600_000;
/** A hundred years, which Temporal makes of anything longer. */
export const MAX_RETENTION_MS = 100 * 365 * 86_400_000;

/** The port of what keeps namespaces. */
export type NamespaceStore = Pick<Store, 'namespaces' | 'putNamespace' | 'dropNamespace'>;

export class Namespaces {
  readonly #byName = new Map<string, Namespace>();
  readonly #newId: () => string;
  readonly #store: NamespaceStore;
  readonly #initialAttributes: { readonly [name: string]: SearchAttributeType };
  readonly #ending = new Map<string, Promise<void>>();
  /** The end of the last change. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    newId: () => string,
    searchAttributes: { readonly [name: string]: SearchAttributeType },
    store: NamespaceStore,
  ) {
    this.#newId = newId;
    this.#initialAttributes = searchAttributes;
    this.#store = store;
    // Versions before took a retention of any length, whose end no timer reaches.
    for (const kept of store.namespaces())
      this.#byName.set(kept.name, {
        ...kept,
        retentionMs: Math.min(kept.retentionMs, MAX_RETENTION_MS),
      });
  }

  /** Makes those of `names` that are not there yet; those that are get new initial attributes. */
  async prepare(names: readonly string[]): Promise<void> {
    for (const name of names) if (!this.#byName.has(name)) await this.register(name);
    const initial = Object.entries(this.#initialAttributes);
    for (const { name } of this.all())
      await this.change(name, (namespace) => {
        const missing = initial.filter(([attribute]) => !namespace.searchAttributes.has(attribute));
        if (missing.length === 0) return namespace;
        const searchAttributes = new Map([...namespace.searchAttributes, ...missing]);
        return { ...namespace, searchAttributes };
      });
  }

  /** Makes a namespace, which is there once it is stored. @throws ServiceError ALREADY_EXISTS */
  register(name: string, details: Partial<Namespace> = {}): Promise<Namespace> {
    return this.#inTurn(() => {
      if (this.#byName.has(name)) {
        throw new ServiceError(StatusCode.ALREADY_EXISTS, `Namespace "${name}" already exists`, {
          type: 'NamespaceAlreadyExistsFailure',
          value: {},
        });
      }
      return this.#put({
        name,
        id: this.#newId(),
        description: '',
        ownerEmail: '',
        data: {},
        retentionMs: DEFAULT_RETENTION_MS,
        searchAttributes: new Map(Object.entries(this.#initialAttributes)),
        ...details,
      });
    });
  }

  /** Stores what `change` makes of the namespace; nothing where that is the same one, or it throws. */
  change(name: string, change: (namespace: Namespace) => Namespace): Promise<Namespace> {
    return this.#inTurn(async () => {
      const namespace = this.get(name);
      const changed = change(namespace);
      return changed === namespace ? namespace : this.#put(changed);
    });
  }

  /**
   * Ends a namespace that is known, or goes on with that.
   *
   * @param clear - takes away what is in it, once nobody finds it any more
   */
  end(name: string, clear: () => Promise<void>): Promise<void> {
    const ending = this.#ending.get(name) ?? this.#end(name, clear);
    this.#ending.set(name, ending);
    return ending;
  }

  async #end(name: string, clear: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const namespace = this.#byName.get(name);
        if (!namespace) throw namespaceNotFound(name);
        if (!namespace.isDeleted) await this.#put({ ...namespace, isDeleted: true });
      });
      await clear();
      await this.#inTurn(async () => {
        await this.#store.dropNamespace(name);
        this.#byName.delete(name);
      });
    } finally {
      this.#ending.delete(name);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {}); // told to who asked; the next one has nothing to do with it
    return done;
  }

  async #put(namespace: Namespace): Promise<Namespace> {
    await this.#store.putNamespace(namespace);
    this.#byName.set(namespace.name, namespace);
    return namespace;
  }

  all(): Namespace[] {
    return [...this.#byName.values()].filter(({ isDeleted }) => !isDeleted);
  }

  /** Those on their way out. */
  deleted(): Namespace[] {
    return [...this.#byName.values()].filter(({ isDeleted }) => isDeleted);
  }

  /** The namespace of that name, also on its way out. */
  known(name: string): Namespace | undefined {
    return this.#byName.get(name);
  }

  /** The namespace of that name. @throws ServiceError NOT_FOUND with Temporal's detail, INVALID_ARGUMENT without a name */
  get(name: string): Namespace {
    if (!name) throw invalid('Namespace is empty.');
    if (isTooLong(name)) throw invalid('Namespace length exceeds limit.');
    const namespace = this.#byName.get(name);
    if (!namespace || namespace.isDeleted) throw namespaceNotFound(name);
    return namespace;
  }

  byId(id: string): Namespace {
    const namespace = this.all().find((each) => each.id === id);
    if (!namespace) throw namespaceNotFound(id);
    return namespace;
  }

  /** What is wrong with the search attributes of a start or an upsert, in Temporal's words. */
  searchAttributesProblem(name: string, attributes: PayloadMap): string | undefined {
    const namespace = this.get(name);
    for (const [key, payload] of Object.entries(attributes)) {
      const type = namespace.searchAttributes.get(key) ?? upsertable(key);
      if (!type && systemAttributes.has(key))
        return `${key} attribute can't be set in SearchAttributes`;
      if (!type) return `Namespace ${name} has no mapping defined for search attribute ${key}`;
      const problem = valueProblem(payload.data, type);
      if (problem) return `invalid value for search attribute ${key} of type ${type}: ${problem}`;
    }
    return undefined;
  }
}

/** Search attributes with their types in the payloads' metadata, by which SDKs read them. */
export function withTypes(namespace: Namespace, attributes: PayloadMap): PayloadMap {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, payload]) => {
      const type = namespace.searchAttributes.get(name) ?? systemAttributes.get(name) ?? 'Keyword';
      return [name, { ...payload, metadata: { ...payload.metadata, type: Buffer.from(type) } }];
    }),
  );
}

/** Attributes of the system that workers may set. */
const UPSERTABLE = new Set([
  'TemporalChangeVersion',
  'BinaryChecksums',
  'BuildIds',
  'BatcherNamespace',
  'BatcherUser',
  'TemporalScheduledStartTime',
  'TemporalScheduledById',
  'TemporalSchedulePaused',
  'TemporalNamespaceDivision',
]);

function upsertable(key: string): SearchAttributeType | undefined {
  return UPSERTABLE.has(key) ? systemAttributes.get(key) : undefined;
}

function valueProblem(
  data: Uint8Array | null | undefined,
  type: SearchAttributeType,
): string | undefined {
  if (!data || data.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch (error) {
    return (error as Error).message; // what the payload holds is no JSON
  }
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (one === null || (Array.isArray(one) && one.length === 0)) return undefined;
  return matchesType(type === 'KeywordList' ? value : one, type) ? undefined : shown(value);
}

/** As Temporal prints a value. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function matchesType(value: unknown, type: SearchAttributeType): boolean {
  switch (type) {
    case 'Int':
      return Number.isInteger(value);
    case 'Double':
      return typeof value === 'number';
    case 'Bool':
      return typeof value === 'boolean';
    case 'Datetime':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
    case 'KeywordList':
      return Array.isArray(value) && value.every((v) => typeof v === 'string');
    default:
      return typeof value === 'string';
  }
}

const { IndexedValueType } = enums;

/** The protocol's number for a type. */
export function indexedValueType(type: SearchAttributeType): number {
  return {
    Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  }[type];
}

/** The type of the protocol's number; undefined for one that is unknown. */
export function searchAttributeType(number: number): SearchAttributeType | undefined {
  return Object.values(SearchAttributeType).find((type) => indexedValueType(type) === number);
}
