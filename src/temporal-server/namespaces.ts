/** Namespaces and their search attributes. */
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
  /** On its way out: nobody finds it any more, and what is in it goes. */
  readonly isDeleted?: boolean;
  /** Registered by users. */
  readonly searchAttributes: ReadonlyMap<string, SearchAttributeType>;
}

const DEFAULT_RETENTION_MS = 24 * 3_600_000;

/** The port of what keeps namespaces. */
export type NamespaceStore = Pick<Store, 'namespaces' | 'putNamespace' | 'dropNamespace'>;

export class Namespaces {
  readonly #byName = new Map<string, Namespace>();
  readonly #newId: () => string;
  readonly #store: NamespaceStore;
  readonly #initialAttributes: { readonly [name: string]: SearchAttributeType };

  constructor(
    newId: () => string,
    searchAttributes: { readonly [name: string]: SearchAttributeType },
    store: NamespaceStore,
  ) {
    this.#newId = newId;
    this.#initialAttributes = searchAttributes;
    this.#store = store;
    for (const namespace of store.namespaces()) this.#byName.set(namespace.name, namespace);
  }

  /** Makes those of `names` that are not there yet; those that are get new initial attributes. */
  async prepare(names: readonly string[]): Promise<void> {
    for (const name of names) if (!this.#byName.has(name)) await this.register(name);
    const initial = Object.entries(this.#initialAttributes);
    for (const namespace of this.all()) {
      const missing = initial.filter(([name]) => !namespace.searchAttributes.has(name));
      if (missing.length === 0) continue;
      const searchAttributes = new Map([...namespace.searchAttributes, ...missing]);
      await this.replace({ ...namespace, searchAttributes });
    }
  }

  /** Makes a namespace, which is there once it is stored. */
  async register(name: string, details: Partial<Namespace> = {}): Promise<Namespace> {
    if (this.#byName.has(name)) {
      throw new ServiceError(StatusCode.ALREADY_EXISTS, 'Namespace already exists.', {
        type: 'NamespaceAlreadyExistsFailure',
        value: {},
      });
    }
    const namespace: Namespace = {
      name,
      id: this.#newId(),
      description: '',
      ownerEmail: '',
      data: {},
      retentionMs: DEFAULT_RETENTION_MS,
      searchAttributes: new Map(Object.entries(this.#initialAttributes)),
      ...details,
    };
    await this.replace(namespace);
    return namespace;
  }

  /** Stores a namespace in place of the one of its name. */
  async replace(namespace: Namespace): Promise<void> {
    await this.#store.putNamespace(namespace);
    this.#byName.set(namespace.name, namespace);
  }

  /** Takes it away, once nothing is in it any more. */
  async remove(name: string): Promise<void> {
    await this.#store.dropNamespace(name);
    this.#byName.delete(name);
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
    if (!name) throw invalid('Namespace not set on request.');
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
  return matchesType(one, type) ? undefined : `${Buffer.from(data).toString()} is not a ${type}`;
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
      return (
        typeof value === 'string' ||
        (Array.isArray(value) && value.every((v) => typeof v === 'string'))
      );
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
