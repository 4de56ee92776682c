/**
 * Search attributes of the namespace. A start or an upsert that names one the namespace lacks is refused,
 * so each is registered when it is first used, and remembered.
 */
import type { Connection } from '@temporalio/client';
import { PerdureError } from '../../core/errors.js';
import { grpcCode, remoteError } from './remote-error.js';
import { AttributeType } from './workflow/wire.js';

export type AttributeTypes = { readonly [name: string]: AttributeType };

/** Types by their number in the protocol. */
const TYPES: readonly (AttributeType | undefined)[] = [
  undefined,
  AttributeType.TEXT,
  AttributeType.KEYWORD,
  AttributeType.INT,
  AttributeType.DOUBLE,
  AttributeType.BOOL,
  AttributeType.DATETIME,
  AttributeType.KEYWORD_LIST,
];

const ALREADY_EXISTS = 6;

export class AttributeRegistry {
  private readonly known = new Map<string, AttributeType>();

  constructor(
    private readonly connection: Connection,
    private readonly namespace: string,
  ) {}

  /**
   * Makes sure that the namespace has these attributes.
   * @returns the type that each really has: an attribute that was there before keeps its own.
   * @throws PerdureError where the server does not let us add one, with the command that does.
   */
  async ensure(wanted: AttributeTypes): Promise<AttributeTypes> {
    const names = Object.keys(wanted);
    if (names.some((name) => !this.known.has(name))) {
      await this.load().catch((thrown: unknown) => this.cannot('looked up', wanted, thrown));
    }
    const missing = names.filter((name) => !this.known.has(name));
    if (missing.length > 0) await this.add(missing, wanted);
    return Object.fromEntries(
      names.map((name) => [name, this.known.get(name) ?? AttributeType.KEYWORD]),
    );
  }

  private async load(): Promise<void> {
    const { namespace } = this;
    const answer = await this.connection.operatorService.listSearchAttributes({ namespace });
    for (const group of [answer.systemAttributes, answer.customAttributes]) {
      for (const [name, number] of Object.entries(group ?? {})) {
        const type = TYPES[number];
        if (type !== undefined) this.known.set(name, type);
      }
    }
  }

  private async add(names: readonly string[], wanted: AttributeTypes): Promise<void> {
    const searchAttributes = Object.fromEntries(
      names.map((name) => [name, TYPES.indexOf(wanted[name])]),
    );
    try {
      await this.connection.operatorService.addSearchAttributes({
        namespace: this.namespace,
        searchAttributes,
      });
    } catch (thrown) {
      if (grpcCode(thrown) !== ALREADY_EXISTS) {
        const missing = names.map((name) => [name, wanted[name] ?? AttributeType.KEYWORD]);
        this.cannot('added', Object.fromEntries(missing), thrown);
      }
    }
    await this.load();
  }

  /** @throws PerdureError always: what the server refused, and the command that does it by hand. */
  private cannot(what: string, wanted: AttributeTypes, thrown: unknown): never {
    const error = remoteError(thrown);
    const attributes = Object.entries(wanted);
    const flags = attributes.map(([name, type]) => `--name ${name} --type ${CLI_NAMES[type]}`);
    throw new PerdureError(
      error.kind,
      `search attributes ${attributes.map(([name]) => name).join(', ')} could not be ${what} on this ` +
        `server: ${error.message}. Where the namespace lacks them, add them: temporal operator ` +
        `search-attribute create --namespace ${this.namespace} ${flags.join(' ')}`,
      { cause: thrown, retryable: error.retryable },
    );
  }
}

/** Types as Temporal's command line has them. */
const CLI_NAMES: { readonly [T in AttributeType]: string } = {
  TEXT: 'Text',
  KEYWORD: 'Keyword',
  INT: 'Int',
  DOUBLE: 'Double',
  BOOL: 'Bool',
  DATETIME: 'Datetime',
  KEYWORD_LIST: 'KeywordList',
};
