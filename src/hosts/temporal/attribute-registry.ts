/**
 * Search attributes of the namespace. A start or an upsert that names one the namespace lacks is refused,
 * so each is registered when it is first used, and remembered.
 */
import type { Connection } from '@temporalio/client';
import { ErrorKind, PerdureError } from '../../core/errors.js';
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
   * @throws PerdureError PERMISSION_DENIED where the server does not let us add one.
   */
  async ensure(wanted: AttributeTypes): Promise<AttributeTypes> {
    const names = Object.keys(wanted);
    if (names.some((name) => !this.known.has(name))) await this.load();
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
      if (grpcCode(thrown) !== ALREADY_EXISTS) throw cannotAdd(names, thrown);
    }
    await this.load();
  }
}

function cannotAdd(names: readonly string[], thrown: unknown): PerdureError {
  const error = remoteError(thrown);
  if (error.kind !== ErrorKind.PERMISSION_DENIED) return error;
  return new PerdureError(
    ErrorKind.PERMISSION_DENIED,
    `search attributes ${names.join(', ')} are not registered, and this server does not let us add ` +
      'them; register them in the namespace',
    { cause: thrown },
  );
}
